"""The `lab` command: parse, call, print; the work is in the library, and the stages never come through here."""

"""Rules of the house: what linters do not check."""

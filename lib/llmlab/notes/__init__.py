"""The weekly note: what changed, what it did to the numbers, one picture, samples, and room for the person's words."""

"""From the web to clean documents: sources, cleaning, duplicates, splits, and the counts of each."""

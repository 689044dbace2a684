"""The DVC side of things: what a stage's code amounts to, presets, and how a stage program runs."""

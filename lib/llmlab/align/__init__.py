"""From a model that imitates to one that is judged: preferences and rewards, all through the one training loop."""

"""Evaluation tasks: examples and grader together, used by evaluation, SFT and rewards alike."""

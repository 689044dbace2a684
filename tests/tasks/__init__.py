"""Tests of llmlab.tasks, one file per module."""

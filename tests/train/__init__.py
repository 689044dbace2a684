"""Tests of llmlab.train, one file per module."""

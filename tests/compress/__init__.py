"""Tests of llmlab.compress, one file per module."""

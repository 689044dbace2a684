"""Tests of llmlab.artifacts, one file per module."""

"""Tests of llmlab.adapt, one file per module."""

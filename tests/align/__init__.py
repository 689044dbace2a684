"""Tests of llmlab.align, one file per module."""

"""Tests of llmlab.decode, one file per module."""

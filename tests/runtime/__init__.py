"""Tests of llmlab.runtime, one file per module."""

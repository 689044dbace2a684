"""Tests of llmlab.model, one file per module."""

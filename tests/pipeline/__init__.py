"""Tests of llmlab.pipeline, one file per module."""

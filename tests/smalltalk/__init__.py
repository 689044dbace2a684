"""Tests of llmlab.smalltalk, one file per module."""

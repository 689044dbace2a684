"""Tests of llmlab.instruct, one file per module."""

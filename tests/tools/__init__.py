"""Tests of llmlab.tools, one file per module."""

"""Tests of llmlab.evals, one file per module."""

"""Tests of llmlab.shards, one file per module."""

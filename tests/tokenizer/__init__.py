"""Tests of llmlab.tokenizer, one file per module."""

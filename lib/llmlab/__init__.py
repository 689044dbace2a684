"""llm-lab: from raw text to a small language model, every number understood."""

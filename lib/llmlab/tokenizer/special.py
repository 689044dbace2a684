"""The special tokens: structure that text can never spell."""

from collections.abc import Sequence

PAD, BOS, EOS = "<|pad|>", "<|bos|>", "<|eos|>"
SYSTEM, USER, ASSISTANT, END = "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"
TOOLS = ("<|calc|>", "<|/calc|>", "<|search|>", "<|/search|>", "<|python|>", "<|/python|>", "<|result|>", "<|/result|>")
COMPLETE, CLASS, FIX, NAME, COMMENT = "<|complete|>", "<|class|>", "<|fix|>", "<|name|>", "<|comment|>"
PREFIX, MIDDLE, SUFFIX = "<|prefix|>", "<|middle|>", "<|suffix|>"
SEND, HOLE = "<|send|>", "<|hole|>"
TASKS = (COMPLETE, CLASS, FIX, NAME, COMMENT, PREFIX, MIDDLE, SUFFIX, SEND, HOLE)
# Slots without a meaning. A new special token takes the name of the first of them, so that no id and no learned piece
# moves: renaming a slot leaves the vocabulary, and so every number, as it was. (Llama 3 keeps 250 of 128,256 tokens
# for this; with a vocabulary of 4,096, 16 are the same order of cost.)
RESERVED = tuple(f"<|reserved_{number}|>" for number in range(16))


def language_token(lang: str) -> str:
    """The tag that opens every document of a language."""
    return f"<|lang:{lang}|>"


def special_tokens(languages: Sequence[str]) -> list[str]:
    """All special tokens, in the order of their ids (from 0)."""
    return [PAD, BOS, EOS, SYSTEM, USER, ASSISTANT, END, *TOOLS, *TASKS, *RESERVED, *map(language_token, languages)]

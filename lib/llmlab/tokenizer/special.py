"""The special tokens: structure that text can never spell."""

from collections.abc import Sequence

PAD, BOS, EOS = "<|pad|>", "<|bos|>", "<|eos|>"
SYSTEM, USER, ASSISTANT, END = "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"
TOOLS = ("<|calc|>", "<|/calc|>", "<|search|>", "<|/search|>", "<|python|>", "<|/python|>", "<|result|>", "<|/result|>")
RESULT, RESULT_END = TOOLS[-2:]
SMALLTALK_CALL = ("<|smalltalk|>", "<|/smalltalk|>")
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


def call_tokens(tool: str) -> tuple[str, str]:
    """The tags around what a model asks of a tool."""
    return f"<|{tool}|>", f"<|/{tool}|>"


def special_tokens(languages: Sequence[str], tools: bool = False) -> list[str]:
    """All special tokens, in the order of their ids (from 0); with `tools` two of the slots are Smalltalk's tags."""
    slots = (*SMALLTALK_CALL, *RESERVED[len(SMALLTALK_CALL) :]) if tools else RESERVED
    return [PAD, BOS, EOS, SYSTEM, USER, ASSISTANT, END, *TOOLS, *TASKS, *slots, *map(language_token, languages)]

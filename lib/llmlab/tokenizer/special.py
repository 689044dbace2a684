"""The special tokens: structure that text can never spell."""

from collections.abc import Sequence

PAD, BOS, EOS = "<|pad|>", "<|bos|>", "<|eos|>"
SYSTEM, USER, ASSISTANT, END = "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"
TOOLS = ("<|calc|>", "<|/calc|>", "<|search|>", "<|/search|>", "<|python|>", "<|/python|>", "<|result|>", "<|/result|>")
TASKS = ("<|complete|>", "<|class|>", "<|fix|>", "<|name|>", "<|comment|>", "<|prefix|>", "<|middle|>", "<|suffix|>")


def language_token(lang: str) -> str:
    """The tag that opens every document of a language."""
    return f"<|lang:{lang}|>"


def special_tokens(languages: Sequence[str]) -> list[str]:
    """All special tokens, in the order of their ids (from 0)."""
    return [PAD, BOS, EOS, SYSTEM, USER, ASSISTANT, END, *TOOLS, *TASKS, *map(language_token, languages)]

"""How well a tokenizer compresses each language."""

from collections.abc import Iterable

from llmlab.tokenizer.base import Tokenizer


def fertility(tokenizer: Tokenizer, texts: Iterable[str]) -> dict[str, float | int]:
    """Bytes per token (higher is better), tokens per word and per character, share of single-byte tokens.

    A word is a run without blanks, so `tokens_per_word` says little about Chinese; `tokens_per_character` does.
    """
    tokens = text_bytes = characters = words = single = 0
    for text in texts:
        ids = tokenizer.encode(text)
        tokens += len(ids)
        text_bytes += len(text.encode())
        characters += len(text)
        words += len(text.split())
        single += sum(1 for token in ids if len(tokenizer.token_bytes(token)) == 1)
    return {
        "tokens": tokens,
        "bytes": text_bytes,
        "bytes_per_token": round(text_bytes / max(tokens, 1), 4),
        "tokens_per_character": round(tokens / max(characters, 1), 4),
        "tokens_per_word": round(tokens / max(words, 1), 4),
        "single_byte_share": round(single / max(tokens, 1), 4),
    }

"""Tokenizers side by side on the same texts: how much each compresses, whether it is exact, how fast it is."""

import time
from collections.abc import Mapping
from typing import Any

from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.fertility import fertility


def measure(tokenizer: Tokenizer, texts: Mapping[str, str]) -> dict[str, Any]:
    """Figures of each text by its name and of `all` together.

    Beside those of `fertility`: `exact` (every text came back), `encode_mb_s` and `decode_mb_s` (10⁶ bytes a second,
    one thread, one pass, so caches start cold).
    """
    timed = {name: _pass(tokenizer, text) for name, text in texts.items()}
    rows = {name: _figures(tokenizer, {name: texts[name]}, {name: timed[name]}) for name in texts}
    return {"kind": tokenizer.kind, "vocab_size": tokenizer.vocab_size, "files": rows} | {
        "all": _figures(tokenizer, texts, timed)
    }


def _pass(tokenizer: Tokenizer, text: str) -> tuple[bool, float, float]:
    """Whether the text came back, and the seconds that encoding and decoding took."""
    start = time.perf_counter()
    ids = tokenizer.encode(text)
    middle = time.perf_counter()
    back = tokenizer.decode(ids)
    return back == text, middle - start, time.perf_counter() - middle


def _figures(
    tokenizer: Tokenizer, texts: Mapping[str, str], timed: Mapping[str, tuple[bool, float, float]]
) -> dict[str, Any]:
    figures: dict[str, Any] = fertility(tokenizer, texts.values())
    megabytes = figures["bytes"] / 1e6
    exact, encoding, decoding = zip(*timed.values(), strict=True)
    speeds = {"encode_mb_s": round(megabytes / max(sum(encoding), 1e-9), 2)}
    speeds["decode_mb_s"] = round(megabytes / max(sum(decoding), 1e-9), 2)
    return {**figures, "exact": all(exact), **speeds}

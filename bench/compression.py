"""Held-out Smalltalk as real bytes: the model as a compressor beside xz, zstd and the n-gram's bound.

    python bench/compression.py
    lab bench compression --lang english --documents 20 --json figures.json

Codes the test documents of a language one after the other into one stream with `evals.token_coder`, decodes it (unless
`--no-decode`) and compares every id; then prints bytes. `bits per byte` is what `evaluate` reports, as bytes: the code
must be within 1 % of it. xz and zstd see the same documents end to end; the second row of xz has read the training
texts first, as the model has. A model has to be there before anything can be decoded, so its bytes stand in a row of
their own. On one thread, single steps on the cache: hundreds of tokens a second, not thousands.
"""

import json
import lzma
import math
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import typer

from llmlab.artifacts.documents import read_documents
from llmlab.evals.bits_per_byte import OPENING, Scored, score_model, scored_from
from llmlab.evals.kneser_ney import KneserNey
from llmlab.evals.token_coder import decode_documents, encode_ids
from llmlab.model.checkpoint import load_model
from llmlab.runtime.device import machine_facts, set_threads
from llmlab.shards.format import Shard, read_shard
from llmlab.tokenizer.base import Tokenizer, tokenizer_hash
from llmlab.tokenizer.chat import opening
from llmlab.tokenizer.special import BOS, EOS
from llmlab.tokenizer.table import load_tokenizer


def xz(data: bytes) -> int:
    return len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))


def zstd(data: bytes) -> int:
    return len(pa.Codec("zstd", compression_level=22).compress(data))


def bound(scored: Scored, places: list[int]) -> float:
    """Bytes that a perfect coder would need."""
    return float(sum(scored.nats[place] for place in places)) / math.log(2) / 8


def others(data: bytes, training: bytes) -> dict[str, float]:
    """Bytes by the usual programs."""
    return {
        "as they are": len(data),
        "zstd -22": zstd(data),
        "xz -9e": xz(data),
        "xz -9e after the training texts": xz(training + data) - xz(training),
    }


def coded(model: Any, tokenizer: Tokenizer, shard: Shard, places: list[int], lang: str, decode: bool) -> dict[str, Any]:
    """Bytes and seconds of the model's own code, and whether it decodes to the same ids."""
    start, end = opening(tokenizer, lang), tokenizer.special[EOS]
    documents = [shard.document(place)[OPENING:].tolist() for place in places]
    started = time.perf_counter()
    code = encode_ids(model, start, documents)
    found: dict[str, Any] = {"bytes": len(code), "encode_seconds": time.perf_counter() - started}
    if decode:
        started = time.perf_counter()
        again = list(decode_documents(model, start, code, end, len(documents), limit=int(shard.text_bytes.sum())))
        found |= {
            "same": again == [ids[:-1] for ids in documents],
            "decode_seconds": time.perf_counter() - started,
        }
    return found | {"tokens": sum(map(len, documents))}


def main(
    lang: Annotated[str, typer.Option(help="which test documents")] = "smalltalk",
    documents: Annotated[int, typer.Option(help="at most so many of them; 0: all")] = 0,
    base: Annotated[Path, typer.Option(help="model folder")] = Path("models/base"),
    tokenizer: Annotated[Path, typer.Option(help="tokenizer folder")] = Path("models/tokenizer"),
    data: Annotated[Path, typer.Option(help="folder of the pipeline's data")] = Path("data"),
    decode: Annotated[bool, typer.Option(help="also decode, and compare")] = True,
    json_file: Annotated[Path | None, typer.Option("--json", help="write all figures here")] = None,
) -> None:
    set_threads(1)
    words = load_tokenizer(tokenizer)
    digest = tokenizer_hash(words)
    model = load_model(base, "pretrain", digest)
    train, test = (read_shard(data / "shards" / name, digest) for name in ("train", "test"))
    places = [place for place, found in enumerate(test.languages) if found == lang][: documents or None]
    texts = {d.id: d.text for d in read_documents(data / "split/test.parquet", "split")}
    seen = [d.text for d in read_documents(data / "split/train.parquet", "split")]
    raw = "".join(texts[test.document_ids[place]] for place in places).encode()
    ngram = KneserNey((train.document(i) for i in range(len(train.starts))), words.vocab_size, 5, words.special[BOS])
    scores = scored_from([ngram.log_probabilities(test.document(i)) for i in range(len(test.starts))], test)
    ours = coded(model, words, test, places, lang, decode)
    exact = bound(score_model(model, test), places)
    folder = sum(path.stat().st_size for path in (base / "model.safetensors", tokenizer / "tokenizer.model"))
    rows = {
        **others(raw, "".join(seen).encode()),
        "5-gram, bound": bound(scores, places),
        "model, bits per byte as bytes": exact,
        "model, coded": ours["bytes"],
        "model, coded, with weights and tokenizer": ours["bytes"] + folder,
    }
    for name, size in rows.items():
        print(f"{name:>42}{size:>14,.0f} bytes{8 * size / len(raw):>9.3f} bits per byte{len(raw) / size:>8.2f} x")
    gap = ours["bytes"] / exact - 1
    speed = ours["tokens"] / ours["encode_seconds"]
    same = {True: "decodes to the same ids", False: "DOES NOT DECODE", None: "not decoded"}[ours.get("same")]
    print(
        f"{len(places)} documents, {ours['tokens']:,} tokens, {speed:,.0f} tokens/s; {gap:+.3%} off the metric; {same}"
    )
    if json_file is not None:
        figures = {"lang": lang, "bytes": rows, "coding": ours, "gap": gap, "machine": machine_facts()}
        json_file.write_text(json.dumps(figures, indent=1))
    if ours.get("same") is False or not np.isfinite(gap) or abs(gap) > 0.01:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)

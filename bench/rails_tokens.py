"""Tokens of the kind `rails` beside GPT-2's and GPT-4o's, on repositories that nothing was learned from.

    LLMLAB_MIRROR=DIR lab bench rails-tokens --learn APP --learn APP --held-out APP --held-out APP
    LLMLAB_MIRROR=DIR lab bench rails-tokens --vocab 16384 --json --learn … --held-out …

APP is the folder of a checkout: its .rb, .erb and .rake files are read, without vendored code, translations, files of
more than 60 kB and copyright headers, which flatter long tokens. At most `--kilobytes` of each, a fixed random sample;
a file whose text was learned from is not measured on. Ranks come from the mirror's folder `tokenizers`. `bpe` is plain
byte-level BPE of the same size from the same files. Targets with 8,192 and 16,384 tokens: 28 and 36 % fewer than
GPT-4o's (o200k), 45 % fewer than GPT-2's. Every tenth text is decoded again and compared.
"""

import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer.base import Tokenizer, TokenizerConfig
from llmlab.tokenizer.bpe import BpeTokenizer
from llmlab.tokenizer.ranks import RankModel, read_ranks
from llmlab.tokenizer.table import train_tokenizer

RANKS = {"gpt2": "gpt2", "o200k": "o200k_base"}
SUFFIXES = (".rb", ".erb", ".rake")
NOT_OURS = re.compile(r"/(?:vendor|node_modules|locales?)/")
LARGEST = 60_000
TARGETS = {8192: 0.28, 16384: 0.36}


def main(
    learn: Annotated[list[Path], typer.Option(help="folder of a repository to learn from")],
    held_out: Annotated[list[Path], typer.Option(help="folder of a repository to measure on")],
    vocab: Annotated[int, typer.Option(help="vocabulary size")] = 8192,
    superwords: Annotated[float, typer.Option(help="share of the merges across pieces")] = 0.4,
    kilobytes: Annotated[int, typer.Option(help="most of each repository")] = 700,
    bpe: Annotated[bool, typer.Option("--bpe", help="also plain BPE")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a kind")] = False,
) -> None:
    learned = [text for folder in learn for text in sample(folder, kilobytes)]
    known = set(learned)
    texts = {folder.name: [text for text in sample(folder, kilobytes) if text not in known] for folder in held_out}
    theirs = {name: count(read_named(name), texts) for name in RANKS}
    for kind in ["rails", *["bpe"] * bpe]:
        config = TokenizerConfig(kind=kind, vocab_size=vocab, superwords=superwords, max_piece_length=48)
        tokenizer = train_tokenizer(learned, config, ["english"])
        figures = {"kind": kind, "vocab": vocab, "learned_kb": round(sum(map(len, learned)) / 1000)}
        told({**figures, **compare(tokenizer, texts, theirs)}, as_json)


def sample(folder: Path, kilobytes: int) -> Iterator[str]:
    """Files of a repository in a fixed random order, up to a size."""
    if not folder.is_dir():
        raise LabError(f"{folder} is no folder", "name the folder of a checkout")
    paths = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    random.Random(1).shuffle(paths)
    left = kilobytes * 1000
    for path in paths:
        if path.is_symlink() or NOT_OURS.search(path.as_posix()) or path.stat().st_size > min(LARGEST, left):
            continue
        try:
            text = without_header(path.read_bytes().decode("utf-8"))
        except UnicodeDecodeError:
            continue
        left -= len(text.encode())
        if text.strip():
            yield text


def without_header(text: str) -> str:
    """The text without the comment it opens with, if that speaks of copyright or a licence."""
    header = re.match(r"(?:#[^\n]*\n|\s*\n)+", text) or re.match(r"\s*<%#.*?%>\n?", text, re.DOTALL)
    if header and re.search(r"copyright|licen[cs]e", header[0], re.IGNORECASE):
        return text[header.end() :]
    return text


def read_named(name: str) -> BpeTokenizer:
    mirror = Path(os.environ.get("LLMLAB_MIRROR", "no mirror"))
    tokens = tuple(read_ranks(mirror / f"tokenizers/{RANKS[name]}.tiktoken"))
    return BpeTokenizer(RankModel(split=name, tokens=tokens, special=()).to_bytes())


def count(tokenizer: Tokenizer, texts: dict[str, list[str]]) -> dict[str, int]:
    return {name: sum(map(len, tokenizer.encode_batch(each))) for name, each in texts.items()}


def compare(tokenizer: Tokenizer, texts: dict[str, list[str]], theirs: dict[str, dict[str, int]]) -> dict[str, Any]:
    ours = count(tokenizer, texts)
    size = sum(len(text.encode()) for each in texts.values() for text in each)
    exact = all(tokenizer.decode(tokenizer.encode(text)) == text for each in texts.values() for text in each[::10])
    fewer = {name: round(1 - sum(ours.values()) / sum(each.values()), 4) for name, each in theirs.items()}
    by_repository = {
        name: {other: round(1 - ours[name] / each[name], 4) for other, each in theirs.items()} for name in texts
    }
    met = {"gpt2": fewer["gpt2"] >= 0.45}
    if tokenizer.vocab_size in TARGETS:
        met["o200k"] = fewer["o200k"] >= TARGETS[tokenizer.vocab_size]
    return {
        "bytes": size,
        "bytes_per_token": round(size / sum(ours.values()), 3),
        "exact": exact,
        "fewer": fewer,
        "met": met,
        "repositories": by_repository,
    }


def told(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures), flush=True)
        return
    print(f"{figures['kind']}, {figures['vocab']} tokens: {figures['bytes_per_token']} bytes a token", flush=True)
    for name, fewer in figures["fewer"].items():
        met = {True: "target met", False: "target NOT met"}.get(figures["met"].get(name), "no target at this size")
        each = ", ".join(f"{repository} {row[name]:.1%}" for repository, row in figures["repositories"].items())
        print(f"  {fewer:.1%} fewer than {name} ({each}): {met}", flush=True)


if __name__ == "__main__":
    typer.run(main)

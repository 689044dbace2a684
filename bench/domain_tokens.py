"""Smalltalk tokenizers on files of repositories that none of them was trained on, beside those of GPT.

    python bench/domain_tokens.py --copies DIR                       tokens, at vocabularies of 8,192 and 16,384
    python bench/domain_tokens.py --copies DIR --part levers         what each part of kind `smalltalk` gains
    python bench/domain_tokens.py --copies DIR --part model          bits per byte of a small model, three seeds

DIR holds clones of the repositories, named OWNER+NAME. Their files at the commit that the catalogue pins are read raw,
in a shuffled order, up to a number of bytes for each repository, so that none outweighs the others; licence banners are
taken off and repeated files left out. With LLMLAB_MIRROR=DIR the ranks of GPT-2, GPT-4 and GPT-4o are read from its
folder `tokenizers`. Per cent are tokens saved, of all held-out repositories together, and the least and most of a
single one. Targets: 28 % fewer tokens than o200k at 8,192 and 36 % at 16,384, 45 % fewer than GPT-2.
"""

import json
import os
import random
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import domain_model
import typer

from llmlab.artifacts.errors import LabError
from llmlab.corpus.catalog import resolve_source
from llmlab.corpus.normalize import normalize_text, strip_boilerplate
from llmlab.corpus.sources.globs import matches
from llmlab.tokenizer import curriculum
from llmlab.tokenizer.base import Tokenizer, TokenizerConfig
from llmlab.tokenizer.bpe import BpeTokenizer
from llmlab.tokenizer.ranks import RankModel, read_ranks
from llmlab.tokenizer.table import train_tokenizer

TRAIN = "git-pharo git-dolphin git-cuis git-seaside git-gsdevkit git-rowan git-gnu".split()
HELD_OUT = "git-roassal git-iceberg git-polymath git-restore git-vivide".split()
RANKS = {"gpt2": "gpt2", "cl100k_base": "cl100k", "o200k_base": "o200k"}
LARGEST = 300_000
SETTINGS = {"superwords": 0.5, "max_piece_length": 48}
LEVERS: dict[str, dict[str, Any]] = {
    "all": {},
    "no token across pieces": {"superwords": 0.0},
    "tokens of at most 16 characters": {"max_piece_length": 16},
    "nothing hidden": {"surplus": 1.0},
    "merges within lines, as superbpe": {"kind": "superbpe"},
}
Texts = dict[str, list[str]]


def main(
    copies: Annotated[Path, typer.Option(help="folder of the clones, OWNER+NAME each")],
    train: Annotated[list[str] | None, typer.Option(help="sources to learn from; may be given again")] = None,
    held_out: Annotated[list[str] | None, typer.Option(help="sources to measure on; may be given again")] = None,
    train_bytes: Annotated[int, typer.Option(help="at most, of each source")] = 4_000_000,
    held_out_bytes: Annotated[int, typer.Option(help="at most, of each source")] = 400_000,
    vocab: Annotated[list[int] | None, typer.Option(help="vocabulary; may be given again")] = None,
    part: Annotated[str, typer.Option(help="tokens, levers (one part after the other left out) or model")] = "tokens",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    seen: set[str] = set()
    # Held-out texts are read first, so a file that stands on both sides is left out of the training text.
    measured = {name: read_source(name, copies, held_out_bytes, seen) for name in held_out or HELD_OUT}
    learned = {name: read_source(name, copies, train_bytes, seen) for name in train or TRAIN}
    sizes = {name: sum(len(text.encode()) for text in texts) for name, texts in (learned | measured).items()}
    told({"bytes": sizes}, as_json)
    texts = [text for part in learned.values() for text in part]
    if part == "model":
        for row in domain_model.compare(texts, measured, (vocab or [8192])[0], SETTINGS):
            told(row, as_json)
        return
    published = read_published()
    bases = {name: count(tokenizer, measured) for name, tokenizer in published.items()}
    for name, tokenizer in published.items():
        told(row_of(name, tokenizer, measured, bases), as_json)
    for size in vocab or [8192, 16384]:
        for name, changes in (LEVERS if part == "levers" else {"smalltalk": {}, "bpe": {"kind": "bpe"}}).items():
            started = time.process_time()
            trained = learn(texts, size, **changes)
            seconds = round(time.process_time() - started, 1)
            told({**row_of(name, trained, measured, bases), "train_seconds": seconds}, as_json)


def learn(texts: Sequence[str], size: int, surplus: float = curriculum.SURPLUS, **changes: Any) -> Tokenizer:
    config = TokenizerConfig(**{"kind": "smalltalk", "vocab_size": size, **SETTINGS, **changes})
    curriculum.SURPLUS, before = surplus, curriculum.SURPLUS
    try:
        return train_tokenizer(texts, config, ["smalltalk"])
    finally:
        curriculum.SURPLUS = before


# -- texts


def read_source(name: str, copies: Path, most: int, seen: set[str]) -> list[str]:
    """Texts of the files that fit the source, shuffled, until there are `most` bytes; none is in `seen`."""
    source = resolve_source(name)
    own = source.address.removeprefix("https://github.com/").removesuffix(".git").replace("/", "+")
    git = ["git", f"--git-dir={git_folder(copies / own)}"]
    listing = subprocess.run([*git, "ls-tree", "-r", "-l", "-z", source.commit], capture_output=True, check=True).stdout
    blobs: list[tuple[str, int]] = []
    for entry in listing.split(b"\0")[:-1]:
        facts, _, path = entry.decode("utf-8", "replace").partition("\t")
        _, _, sha, size = facts.split()
        code = path.endswith((".st", ".cls", ".pax", ".gs", ".tpz"))
        if size.isdigit() and int(size) < LARGEST and code and matches(path, source.glob, source.exclude):
            blobs.append((sha, int(size)))
    random.Random(name).shuffle(blobs)
    texts: list[str] = []
    for data in load(git, first_of(blobs, most)):
        text = strip_boilerplate(normalize_text(decoded(data)), "code")
        if text and text not in seen:
            seen.add(text)
            texts.append(text)
    return texts


def git_folder(clone: Path) -> Path:
    for folder in (clone / "repo", clone / ".git", clone):
        if (folder / "objects").is_dir():
            return folder
    raise LabError(
        f"{clone} is no clone", f"git clone --bare https://github.com/{clone.name.replace('+', '/')} {clone}"
    )


def first_of(blobs: Sequence[tuple[str, int]], most: int) -> list[str]:
    chosen: list[str] = []
    total = 0
    for sha, size in blobs:
        if total >= most:
            break
        chosen.append(sha)
        total += size
    return chosen


def load(git: Sequence[str], shas: Sequence[str]) -> list[bytes]:
    asked = "".join(f"{sha}\n" for sha in shas).encode()
    given = subprocess.run([*git, "cat-file", "--batch"], input=asked, capture_output=True, check=True).stdout
    found: list[bytes] = []
    place = 0
    while place < len(given):
        end = given.index(b"\n", place)
        head = given[place:end].split()
        size = int(head[2]) if head[-1] != b"missing" else -1
        if size >= 0:
            found.append(given[end + 1 : end + 1 + size])
        place = end + 2 + size
    return found


def decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


# -- figures


def read_published() -> dict[str, Tokenizer]:
    folder = Path(os.environ.get("LLMLAB_MIRROR", "no mirror")) / "tokenizers"
    return {
        name: BpeTokenizer(RankModel(split=split, tokens=tuple(read_ranks(path)), special=()).to_bytes())
        for name, split in RANKS.items()
        if (path := folder / f"{name}.tiktoken").is_file()
    }


def count(tokenizer: Tokenizer, measured: Texts) -> dict[str, int]:
    return {name: sum(len(tokenizer.encode(text)) for text in texts) for name, texts in measured.items()}


def row_of(name: str, tokenizer: Tokenizer, measured: Texts, bases: dict[str, dict[str, int]]) -> dict[str, Any]:
    started = time.process_time()
    tokens = count(tokenizer, measured)
    seconds = time.process_time() - started
    texts = [text for part in measured.values() for text in part]
    size = sum(len(text.encode()) for text in texts)
    row: dict[str, Any] = {
        "tokenizer": name,
        "vocab_size": tokenizer.vocab_size,
        "tokens": sum(tokens.values()),
        "bytes_per_token": round(size / sum(tokens.values()), 3),
        "encode_mb_s": round(size / 1e6 / max(seconds, 1e-9), 2),
        "exact": all(tokenizer.decode(tokenizer.encode(text)) == text for text in texts[::10]),
    }
    for base, counts in bases.items():
        each = {part: 100 * (1 - tokens[part] / counts[part]) for part in tokens}
        whole = 100 * (1 - sum(tokens.values()) / sum(counts.values()))
        row[f"fewer_than_{base}"] = {
            "all": round(whole, 1), "least": round(min(each.values()), 1), "most": round(max(each.values()), 1),
        }  # fmt: skip
    return row


def told(row: dict[str, Any], as_json: bool) -> None:
    show: Callable[[dict[str, Any]], str] = json.dumps if as_json else shown
    print(show(row), flush=True)


def shown(row: dict[str, Any]) -> str:
    parts: list[str] = []
    for name, value in row.items():
        if isinstance(value, dict) and "all" in value:
            parts.append(f"{name} {value['all']} % [{value['least']}, {value['most']}]")
        else:
            parts.append(f"{name} {value}")
    return ", ".join(parts)


if __name__ == "__main__":
    typer.run(main)

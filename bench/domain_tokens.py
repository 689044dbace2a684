"""Smalltalk tokenizers on files of repositories that none of them was trained on, beside those of GPT.

    python bench/domain_tokens.py --copies DIR                       tokens, at vocabularies of 8,192 and 16,384
    python bench/domain_tokens.py --copies DIR --rendered            the same on the texts that a model of the lab reads
    python bench/domain_tokens.py --copies DIR --part levers         what each part of kind `smalltalk` gains
    python bench/domain_tokens.py --copies DIR --part model          bits per byte of a small model, three seeds

DIR holds clones of repositories, named OWNER+NAME. Of each a fixed random sample of Smalltalk files is read, up to a
number of bytes, so that none outweighs the others; licence banners are taken off. Learned from are all clones but the
held-out ones and those of `--without` (relatives of them, say), less what repeats a held-out text. All tokenizers spell
the same bytes, raw or rendered (`domain_texts`); of raw texts also those alone that `clean` lets pass as code, without
pictures in base64 and tables. With LLMLAB_MIRROR=DIR the ranks of GPT-2, GPT-4 and GPT-4o are read from its folder
`tokenizers`. Per cent are tokens saved, of all held-out repositories together, and the least and most of a single one.
Targets: 28 % fewer tokens than o200k at 8,192 and 36 % at 16,384, 45 % fewer than GPT-2.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import domain_model
import typer
from domain_texts import Clone, is_code, read_texts, without_copies

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer import curriculum, selection
from llmlab.tokenizer.base import Tokenizer, TokenizerConfig
from llmlab.tokenizer.bpe import BpeTokenizer
from llmlab.tokenizer.ranks import RankModel, read_ranks
from llmlab.tokenizer.table import train_tokenizer

HELD_OUT = "git-roassal git-iceberg git-polymath git-restore git-vivide".split()
RANKS = {"gpt2": "gpt2", "cl100k_base": "cl100k", "o200k_base": "o200k"}
# Bytes of each repository, at most.
LEARNED, MEASURED = 160_000, 400_000
SETTINGS = {"superwords": 0.5, "max_piece_length": 48}
LEVERS: dict[str, dict[str, Any]] = {
    "all": {},
    "no token across pieces": {"superwords": 0.0},
    "tokens of at most 16 characters": {"max_piece_length": 16},
    "half as many to choose from": {"surplus": 1.5},
    "no block left out": {"few": 1_000_000},
    "merges within lines, as superbpe": {"kind": "superbpe"},
}
KINDS: dict[str, dict[str, Any]] = {
    "smalltalk": {},
    "hybrid": {"kind": "hybrid"},
    "bpe": {"kind": "bpe"},
}
Texts = dict[str, list[str]]


def main(
    copies: Annotated[Path, typer.Option(help="folder of the clones, OWNER+NAME each")],
    held_out: Annotated[
        list[str] | None, typer.Option(help="clones or sources to measure on; may be given again")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="clones not to learn from; may be given again")] = None,
    rendered: Annotated[bool, typer.Option("--rendered", help="texts as the pipeline renders them")] = False,
    kept: Annotated[
        Path | None, typer.Option(help="folder that keeps texts read and figures of models, for the next time")
    ] = None,
    vocab: Annotated[list[int] | None, typer.Option(help="vocabulary; may be given again")] = None,
    part: Annotated[str, typer.Option(help="tokens, levers (one part after the other left out) or model")] = "tokens",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    names = held_out or HELD_OUT
    measured = {name: read_texts(name, copies, MEASURED, rendered=rendered, kept=kept) for name in names}
    sources = others(copies, names, without or ())
    read = {name: read_texts(name, copies, LEARNED, rendered=rendered, kept=kept) for name in sources}
    learned = {name: texts for name, texts in without_copies(read, measured).items() if texts}
    if not learned:
        raise LabError(f"{copies} has no Smalltalk to learn from", "git clone more repositories into it")
    sizes = {name: sum(len(text.encode()) for text in texts) for name, texts in (measured | learned).items()}
    told({"repositories": len(learned), "bytes": sum(sizes[name] for name in learned), "each": sizes}, as_json)
    texts = [text for part in learned.values() for text in part]
    if part == "model":
        rows = domain_model.compare(texts, measured, (vocab or [8192])[0], SETTINGS, kept)
    else:
        sorts = {"all": measured} if rendered else {"all": measured, "code": code_of(measured)}
        rows = spelt(texts, sorts, vocab or [8192, 16384], LEVERS if part == "levers" else KINDS)
    for row in rows:
        told(row, as_json)


def spelt(
    texts: Sequence[str], sorts: dict[str, Texts], sizes: Sequence[int], ways: dict[str, dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """A row for each tokenizer, published or learned, and each sort of held-out texts."""
    published = read_published()
    bases = {sort: {name: count(words, some) for name, words in published.items()} for sort, some in sorts.items()}
    for name, tokenizer in published.items():
        for sort, some in sorts.items():
            yield {"texts": sort, **row_of(name, tokenizer, some, bases[sort])}
    for size in sizes:
        for name, changes in ways.items():
            started = time.process_time()
            trained = learn(texts, size, **changes)
            seconds = round(time.process_time() - started, 1)
            for sort, some in sorts.items():
                yield {"texts": sort, **row_of(name, trained, some, bases[sort]), "train_seconds": seconds}


def others(copies: Path, names: Sequence[str], without: Sequence[str]) -> list[str]:
    """Every clone but those of these names and sources."""
    taken = {Clone(name, copies).folder.name for name in (*names, *without)}
    return sorted(folder.name for folder in copies.iterdir() if "+" in folder.name and folder.name not in taken)


def code_of(measured: Texts) -> Texts:
    return {name: [text for text in texts if is_code(text)] for name, texts in measured.items()}


def learn(texts: Sequence[str], size: int, surplus: float = 0, few: int = 0, **changes: Any) -> Tokenizer:
    config = TokenizerConfig(**{"kind": "smalltalk", "vocab_size": size, **SETTINGS, **changes})
    before = curriculum.SURPLUS, selection.FEW
    curriculum.SURPLUS, selection.FEW = surplus or before[0], few or before[1]
    try:
        return train_tokenizer(texts, config, ["smalltalk"])
    finally:
        curriculum.SURPLUS, selection.FEW = before


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

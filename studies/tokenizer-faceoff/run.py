"""One kind on every corpus at every size: `python run.py --kind bpe --texts DIR --out FILE`.

`--kind published` measures the ranks of GPT-2, GPT-4 and GPT-4o (folder `tokenizers` of LLMLAB_MIRROR) instead.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from cells import MIXED, RANKS, Texts, cell, published, read_texts

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.params import load_section
from llmlab.pipeline.stage import run_stage
from llmlab.tokenizer.base import TokenizerConfig

UNSIZED = ("byte", "char")


@dataclass(frozen=True, kw_only=True)
class MeasureConfig:
    """Section `measure` of the study's params.yaml."""

    train_bytes: int
    """Text of each corpus that a vocabulary is learned from, evenly spread over what was gathered."""
    sizes: list[int]
    """Vocabularies, special tokens included; kinds without a size are measured once."""
    also: dict[str, list[int]]
    """Corpus to further vocabularies."""
    longest: int
    """Longest token in characters, the same for all kinds."""
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Kind to further keys of `tokenizer` in params.yaml."""

    def sizes_for(self, kind: str, corpus: str) -> list[int]:
        """The vocabularies that a kind is asked for."""
        return self.sizes[:1] if kind in UNSIZED else [*self.sizes, *self.also.get(corpus, [])]

    def tokenizer(self, kind: str, size: int) -> TokenizerConfig:
        """How one cell is trained."""
        given = {"max_piece_length": self.longest, **self.settings.get(kind, {})}
        return TokenizerConfig(**{"kind": kind, "vocab_size": size, **given})


def main(*, kind: str, texts: Path, out: Path) -> None:
    """Measure every cell; one that a kind refuses says why."""
    config = load_section(Path("params.yaml"), "measure", MeasureConfig)
    found = read_texts(texts, config.train_bytes)
    done: list[dict[str, Any]] = []
    for row in ranks(found) if kind == "published" else rows(kind, config, found):
        done.append(row)
        write_json(out, done)


def rows(kind: str, config: MeasureConfig, texts: Texts) -> Iterator[dict[str, Any]]:
    """A row for each corpus and size."""
    # In the order of params.yaml, so that a run that is stopped holds what finalists are chosen by.
    for size in dict.fromkeys([*chain(*config.also.values()), *config.sizes]):
        for corpus in sorted(texts.train, key=lambda each: (each != MIXED, each)):
            if size not in config.sizes_for(kind, corpus):
                continue
            row = cell(config.tokenizer(kind, size), texts, corpus)
            print(kind, corpus, size, row.get("refused") or row["all"]["bytes_per_token"], flush=True)
            yield {"kind": kind, "corpus": corpus, "size": None if kind in UNSIZED else size, **row}


def ranks(texts: Texts) -> Iterator[dict[str, Any]]:
    """A row for each published vocabulary and corpus."""
    mirror = Path(os.environ.get("LLMLAB_MIRROR", "no mirror"))
    for name in RANKS:
        for corpus in texts.train:
            yield {"kind": name, "corpus": corpus, "size": None, **published(name, texts, corpus, mirror)}


if __name__ == "__main__":
    run_stage(main)

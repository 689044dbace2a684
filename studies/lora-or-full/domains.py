"""The texts of the study: what the base model reads, the domains it is tuned to, and both as ids."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmlab.artifacts.atomic import atomic_folder
from llmlab.artifacts.documents import Document
from llmlab.corpus.exact import id_number
from llmlab.corpus.scrape import ScrapeConfig, scrape
from llmlab.corpus.split import SplitConfig, assign
from llmlab.shards.encode import ShardConfig, encode_documents
from llmlab.shards.format import EncodedDocument, Shard, read_shard, write_shard
from llmlab.tokenizer.base import Tokenizer, TokenizerConfig, save_tokenizer, tokenizer_hash
from llmlab.tokenizer.table import load_tokenizer, train_tokenizer

ROOT = Path("../..")
SETS = ("train", "val", "test")
OLD = "old"


@dataclass(frozen=True, kw_only=True)
class DomainConfig:
    """One domain."""

    lang: str
    """The language whose tag opens its documents."""
    source: str | dict[str, Any]
    """A name of the catalogue, or an entry like those in it."""


@dataclass(frozen=True, kw_only=True)
class TextsConfig:
    """Section `texts` of the study's params.yaml."""

    salt: str
    """Deals groups to train, validation and test."""
    held_out: float
    """Share of groups that is validation, and as many test."""
    sizes: dict[str, int]
    """Tokens of each set: what is read stops with the first document that passes them."""
    old_train: int
    """The same of what the base model learns from."""
    old: dict[str, list[str]]
    """What the base model reads: sources of each language."""
    tokenizer: TokenizerConfig
    """Learned from that text alone."""
    domains: dict[str, DomainConfig]
    """What it is tuned to."""


def write_texts(config: TextsConfig, cache: Path, out: Path) -> dict[str, dict[str, int]]:
    """Write the tokenizer and the shards of all sets into `out`; returns tokens by domain and set."""
    old = [
        each for lang, names in config.old.items() for each in sorted(_documents(lang, list(names), cache), key=_number)
    ]
    dealt = _dealt(old, config)
    words = train_tokenizer([each.text for each in dealt["train"]], config.tokenizer, list(config.old))
    tokens = {}
    with atomic_folder(out) as folder:
        (folder / "tokenizer").mkdir()
        save_tokenizer(words, folder / "tokenizer")
        sizes = {**config.sizes, "train": config.old_train}
        tokens[OLD] = {name: _write(folder / OLD / name, dealt[name], words, sizes[name]) for name in SETS}
        for domain, each in config.domains.items():
            found = _dealt(_documents(each.lang, [each.source], cache), config)
            tokens[domain] = {
                name: _write(folder / domain / name, found[name], words, config.sizes[name]) for name in SETS
            }
    return tokens


def read_texts(folder: Path) -> Tokenizer:
    """The tokenizer that `write_texts` wrote."""
    return load_tokenizer(folder / "tokenizer")


def read_set(folder: Path, domain: str, name: str, words: Tokenizer) -> Shard:
    """One set of a domain."""
    return read_shard(folder / domain / name, tokenizer_hash(words))


def _documents(lang: str, sources: list[Any], cache: Path) -> list[Document]:
    return list(scrape(lang, ScrapeConfig(sources=sources), cache, root=ROOT))


def _number(document: Document) -> int:
    return id_number(document.id)


def _dealt(documents: Iterable[Document], config: TextsConfig) -> dict[str, list[Document]]:
    rule = SplitConfig(val=config.held_out, test=config.held_out, salt=config.salt)
    dealt: dict[str, list[Document]] = {name: [] for name in SETS}
    for each in documents:
        dealt[assign(each.group, rule, each.lang)].append(each)
    return dealt


def _write(folder: Path, documents: list[Document], words: Tokenizer, most: int) -> int:
    """By the number in the id, so that languages take turns."""
    ordered = sorted(documents, key=_number)
    encoded = encode_documents(ordered, words, ShardConfig())
    return write_shard(folder, _first(encoded, most), tokenizer_hash(words), words.vocab_size)


def _first(documents: Iterator[EncodedDocument], most: int) -> Iterator[EncodedDocument]:
    count = 0
    for document in documents:
        count += len(document.ids)
        yield document
        if count >= most:
            return

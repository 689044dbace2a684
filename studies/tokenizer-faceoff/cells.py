"""A cell of the study: a tokenizer learned from one corpus and measured on held-out text, with time and memory.

Learning and use run in processes of their own, so that the memory of one is not counted for the other. Seconds are
processor time, which a busy machine distorts less than the clock. Use begins with cold caches, as the first text does.
"""

import json
import multiprocessing
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from llmlab.artifacts.documents import Document, read_documents
from llmlab.artifacts.errors import LabError
from llmlab.runtime.device import peak_memory_mib
from llmlab.tokenizer.base import Tokenizer, TokenizerConfig, save_tokenizer
from llmlab.tokenizer.bpe import BpeTokenizer
from llmlab.tokenizer.ranks import RankModel, read_ranks
from llmlab.tokenizer.table import load_tokenizer, train_tokenizer

MIXED = "mixed"
RANKS = {"gpt2": "gpt2", "cl100k": "cl100k_base", "o200k": "o200k_base"}
ALPHA = 2.5
HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]")
Row = dict[str, Any]


@dataclass(frozen=True)
class Texts:
    """Corpus to texts; `mixed` is measured on what is held out of all the others."""

    train: dict[str, list[str]]
    held_out: dict[str, list[str]]

    def measured_for(self, corpus: str) -> dict[str, list[str]]:
        """The held-out texts that a tokenizer of this corpus is measured on, by part."""
        return self.held_out if corpus == MIXED else {corpus: self.held_out[corpus]}

    @property
    def languages(self) -> list[str]:
        """The language tags that every tokenizer has, so that a vocabulary leaves the same room to each."""
        return list(self.held_out)


def read_texts(folder: Path, train_bytes: int) -> Texts:
    """What gather.py wrote, of texts to learn from `train_bytes` of each corpus."""
    found: dict[str, dict[str, list[str]]] = {"train": {}, "held_out": {}}
    for path in sorted(folder.glob("*.parquet")):
        corpus, _, part = path.stem.partition("-")
        documents = list(read_documents(path, "gather"))
        found[part][corpus] = [each.text for each in (some(documents, train_bytes) if part == "train" else documents)]
    return Texts(**found)


def some(documents: Sequence[Document], most: int) -> list[Document]:
    """Documents evenly spread over all, until there are `most` bytes."""
    total = sum(len(document.text.encode()) for document in documents)
    kept: list[Document] = []
    passed = taken = 0
    for document in documents:
        size = len(document.text.encode())
        if taken <= passed * most / total and taken < most:
            kept.append(document)
            taken += size
        passed += size
    return kept


def published(name: str, texts: Texts, corpus: str, mirror: Path) -> Row:
    """The vocabulary of GPT-2, GPT-4 or GPT-4o on a corpus."""

    def load() -> Tokenizer:
        tokens = tuple(read_ranks(mirror / f"tokenizers/{RANKS[name]}.tiktoken"))
        return BpeTokenizer(RankModel(split=name, tokens=tokens, special=()).to_bytes())

    found = apart(lambda: measured(load, texts, corpus))
    if "refused" in found:
        raise LabError(found["refused"], "name the mirror's folder in LLMLAB_MIRROR")
    return found


def cell(config: TokenizerConfig, texts: Texts, corpus: str) -> Row:
    """Learn and measure; `refused` instead of figures where the kind cannot do it, with the reason."""
    with tempfile.TemporaryDirectory() as folder:
        learned = apart(lambda: learn(config, texts, corpus, Path(folder)))
        if "refused" in learned:
            return learned
        return {**learned, **apart(lambda: measured(lambda: load_tokenizer(Path(folder)), texts, corpus))}


def learn(config: TokenizerConfig, texts: Texts, corpus: str, folder: Path) -> Row:
    """Train and store a tokenizer; what it cost."""
    before, start = peak_memory_mib(), time.process_time()
    tokenizer = train_tokenizer(texts.train[corpus], config, texts.languages)
    seconds = time.process_time() - start
    save_tokenizer(tokenizer, folder)
    size = (folder / "tokenizer.model").stat().st_size
    return {
        "vocab_size": tokenizer.vocab_size,
        "train_seconds": round(seconds, 2),
        "train_mib": round(peak_memory_mib() - before),
        "model_kib": round(size / 1024),
    }


def measured(load: Callable[[], Tokenizer], texts: Texts, corpus: str) -> Row:
    """Figures of each part and of `all` parts together, and what loading, encoding and decoding took."""
    before = peak_memory_mib()
    tokenizer = load()
    tokenizer.decode(tokenizer.encode("2"))  # what is made at first use is part of loading
    parts = texts.measured_for(corpus)
    start = time.process_time()
    ids = {name: tokenizer.encode_batch(each) for name, each in parts.items()}
    middle = time.process_time()
    back = {name: [tokenizer.decode(each) for each in ids[name]] for name in parts}
    end = time.process_time()
    megabytes = sum(len(text.encode()) for each in parts.values() for text in each) / 1e6
    rows = {name: figures(tokenizer, parts[name], ids[name]) for name in parts}
    whole = [text for each in parts.values() for text in each], [one for each in ids.values() for one in each]
    return {
        "exact": back == parts,
        "encode_mb_s": round(megabytes / max(middle - start, 1e-9), 2),
        "decode_mb_s": round(megabytes / max(end - middle, 1e-9), 2),
        "use_mib": round(peak_memory_mib() - before),
        "parts": rows,
        "all": figures(tokenizer, *whole),
    }


def figures(tokenizer: Tokenizer, texts: Sequence[str], ids: Sequence[Sequence[int]]) -> Row:
    """What is inherent in the tokens.

    A word is a run of characters without blanks. Per word is null where more than a twentieth of the text is Chinese,
    which has no blanks; per Chinese character is null where less than half of it is.
    """
    counts = Counter(token for each in ids for token in each)
    tokens, size = sum(counts.values()), sum(len(text.encode()) for text in texts)
    han = sum(len(HAN.findall(text)) for text in texts)
    words = sum(len(text.split()) for text in texts)
    single = sum(number for token, number in counts.items() if len(tokenizer.token_bytes(token)) == 1)
    chinese = 3 * han / size
    return {
        "bytes": size,
        "tokens": tokens,
        "bytes_per_token": round(size / tokens, 4),
        "renyi": round(renyi_efficiency(list(counts.values()), tokenizer.vocab_size), 4),
        "single_byte_share": round(single / tokens, 4),
        "tokens_per_word": round(tokens / words, 4) if chinese < 0.05 else None,
        "tokens_per_han": round(tokens / han, 4) if chinese > 0.5 else None,
        "tokens_used": len(counts),
    }


def renyi_efficiency(counts: Sequence[int], vocab_size: int, alpha: float = ALPHA) -> float:
    """Rényi entropy of the tokens' frequencies over that of an evenly used vocabulary (Zouhar et al. 2023, 2306.16842).

    1: all tokens equally frequent; near 0: a few tokens are nearly everything, or most are never used.
    """
    shares = np.array(counts) / np.sum(counts)
    return float(np.log(np.sum(shares**alpha)) / (1 - alpha) / np.log(vocab_size))


def apart(work: Callable[[], Row]) -> Row:
    """The result of `work` in a process of its own, or `refused` with the reason."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(sender, work))
    process.start()
    sender.close()
    try:
        return json.loads(receiver.recv_bytes())
    except EOFError as error:
        raise LabError("a cell's process ended without a result", "run it again; its memory may not suffice") from error
    finally:
        process.join()


def _tell(sender: Any, work: Callable[[], Row]) -> None:
    try:
        found = work()
    except LabError as error:
        found = {"refused": error.problem}
    sender.send_bytes(json.dumps(found).encode())

"""Tokens of the kind `logs` beside GPT-2's, on systems and on parts of systems that nothing was learned from.

    LLMLAB_MIRROR=DIR lab bench log-tokens                 the log corpus of the mirror; about 10 minutes on one core
    LLMLAB_MIRROR=DIR lab bench log-tokens --json --fold 0

The corpus is Loghub's 16 systems and the stack traces of Defects4J's 17 projects. Systems and projects are dealt to
folds in turn; a vocabulary is learned from all but one fold and measured on that one, so that each system is once held
out and nothing of it was seen. `parts` learns from the first three quarters of every system and measures on the rest. A
system's lines are one text, each trace is one. `without_echoes` is the same vocabulary size without references to
earlier lines: what the rest of the domain is worth. Target: at least 50 % fewer tokens on held-out systems. Every text
is decoded again and compared.
"""

import gzip
import json
import os
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer.base import Tokenizer, TokenizerConfig
from llmlab.tokenizer.bpe import BpeTokenizer
from llmlab.tokenizer.curriculum import train_domain
from llmlab.tokenizer.logs import LogsDomain
from llmlab.tokenizer.ranks import RankModel, read_ranks

Corpus = Mapping[str, list[str]]


class WithoutEchoes(LogsDomain):
    """Fields and frames alone."""

    def rewrite(self, text: str) -> str:
        return text

    def restore(self, text: str) -> str:
        return text


def main(
    vocab: Annotated[int, typer.Option(help="vocabulary size")] = 8192,
    folds: Annotated[int, typer.Option(help="how many folds the systems are dealt to")] = 4,
    fold: Annotated[list[int] | None, typer.Option(help="only these folds")] = None,
    only: Annotated[str, typer.Option(help="`systems` or `parts`; empty: both")] = "",
    superwords: Annotated[float, typer.Option(help="share of the merges across pieces")] = 0.3,
    ablate: Annotated[bool, typer.Option(help="also without echoes")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a part")] = False,
) -> None:
    mirror = Path(os.environ.get("LLMLAB_MIRROR", "no mirror"))
    corpus, gpt2 = read_logs(mirror), read_gpt2(mirror)
    config = TokenizerConfig(kind="logs", vocab_size=vocab, superwords=superwords, max_piece_length=64)
    domains = [LogsDomain(), *[WithoutEchoes()] * ablate]
    for domain in domains:
        facts = {"kind": "echoes" if type(domain) is LogsDomain else "without_echoes", "vocab": vocab}
        if only != "parts":
            held_out = [list(corpus)[number::folds] for number in fold or range(folds)]
            rows = {
                name: row
                for names in held_out
                for name, row in unseen_systems(domain, config, corpus, gpt2, names).items()
            }
            told({"part": "systems", **facts, **summary(rows), "systems": rows}, as_json)
        if only != "systems":
            rows = unseen_parts(domain, config, corpus, gpt2)
            told({"part": "parts", **facts, **summary(rows), "systems": rows}, as_json)


def read_logs(mirror: Path) -> Corpus:
    """System to its texts, in the order of the files; traces have their project's name after `java:`."""
    logs: dict[str, list[str]] = {}
    for row in rows_of(mirror / "logs/loghub_2k_16systems.jsonl.gz"):
        logs.setdefault(row["system"], []).append(row["text"] + "\n")
    corpus = {system: ["".join(lines)] for system, lines in logs.items()}
    for row in rows_of(mirror / "logs/defects4j_java_stack_traces.jsonl.gz"):
        corpus.setdefault(f"java:{row['project']}", []).append(row["trace"])
    return corpus


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise LabError(f"{path} is no file", "name the mirror's folder in LLMLAB_MIRROR")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def read_gpt2(mirror: Path) -> BpeTokenizer:
    tokens = tuple(read_ranks(mirror / "tokenizers/gpt2.tiktoken"))
    return BpeTokenizer(RankModel(split="gpt2", tokens=tokens, special=()).to_bytes())


def compare(tokenizer: Tokenizer, gpt2: Tokenizer, texts: list[str]) -> dict[str, Any]:
    ids = tokenizer.encode_batch(texts)
    ours, theirs = sum(map(len, ids)), sum(map(len, gpt2.encode_batch(texts)))
    exact = all(tokenizer.decode(each).encode() == text.encode() for each, text in zip(ids, texts, strict=True))
    size = sum(len(text.encode()) for text in texts)
    return {"bytes": size, "tokens": ours, "gpt2": theirs, "fewer": round(1 - ours / theirs, 4), "exact": exact}


def summary(rows: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Over all tokens, and the spread over systems, for logs and for traces: traces share libraries, logs do not."""
    found: dict[str, Any] = {"exact": all(row["exact"] for row in rows.values())}
    for name, java in (("logs", False), ("traces", True)):
        chosen = [row for system, row in rows.items() if system.startswith("java:") == java]
        if not chosen:
            continue
        saved = [row["fewer"] for row in chosen]
        found[name] = {
            "fewer": round(1 - sum(row["tokens"] for row in chosen) / sum(row["gpt2"] for row in chosen), 4),
            "mean": round(statistics.mean(saved), 4),
            "sd": round(statistics.stdev(saved), 4) if len(saved) > 1 else None,
            "least": min(saved),
            "most": max(saved),
            "systems_met": f"{sum(value >= 0.5 for value in saved)} of {len(saved)}",
        }
        found[name]["met"] = found[name]["fewer"] >= 0.5
    return found


def unseen_systems(
    domain: LogsDomain, config: TokenizerConfig, corpus: Corpus, gpt2: Tokenizer, held_out: list[str]
) -> dict[str, Any]:
    """Learned from all systems but these, measured on these."""
    learned = [text for system, texts in corpus.items() if system not in held_out for text in texts]
    tokenizer = train_domain(domain, learned, config, ["english"])
    return {system: compare(tokenizer, gpt2, corpus[system]) for system in held_out}


def unseen_parts(domain: LogsDomain, config: TokenizerConfig, corpus: Corpus, gpt2: Tokenizer) -> dict[str, Any]:
    """Learned from the first three quarters of every system, measured on what comes after."""
    first: list[str] = []
    rest: dict[str, list[str]] = {}
    for system, texts in corpus.items():
        units = texts if len(texts) > 1 else texts[0].splitlines(keepends=True)
        end = len(units) * 3 // 4
        first += units[:end] if len(texts) > 1 else ["".join(units[:end])]
        rest[system] = units[end:] if len(texts) > 1 else ["".join(units[end:])]
    tokenizer = train_domain(domain, first, config, ["english"])
    return {system: compare(tokenizer, gpt2, texts) for system, texts in rest.items()}


def told(part: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(part), flush=True)
        return
    print(f"{part['part']}, {part['kind']}, vocabulary {part['vocab']}, exact: {part['exact']}")
    for system, row in part["systems"].items():
        print(
            f"  {system:22} {row['bytes']:>9,} bytes {row['tokens']:>8,} tokens, GPT-2 {row['gpt2']:>8,}: "
            f"{row['fewer']:.1%} fewer"
        )
    for name in ("logs", "traces"):
        if name in part:
            each = part[name]
            print(
                f"  {name}: {each['fewer']:.1%} fewer ({each['least']:.1%} to {each['most']:.1%}, at least 50 % on "
                f"{each['systems_met']} systems), target {'met' if each['met'] else 'NOT met'}",
                flush=True,
            )


if __name__ == "__main__":
    typer.run(main)

"""How good the parser is on real code: what it accepts, what it refuses, how fast."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from llmlab.smalltalk.checker import is_surely_valid, syntax_fault
from llmlab.smalltalk.dialects import Dialect
from llmlab.smalltalk.harmless import harmless_edits
from llmlab.smalltalk.mutate import unchecked_breaks
from llmlab.smalltalk.parser import is_valid_method

# Examples kept of every kind of disagreement, for a person to look at.
_SHOWN = 5


@dataclass(frozen=True)
class Accuracy:
    """Counts for one dialect; `wrong` has examples: what was wrong, and the text.

    `disagreements` counts texts of all kinds on which the checker without a tree and the parser differ.
    Speeds are in millions of bytes of method source a second of one core: of the check, and of the parser alone.
    """

    dialect: str
    methods: int
    accepted: int
    broken: int
    refused: int
    harmless: int
    kept: int
    disagreements: int
    check_speed: float
    parser_speed: float
    wrong: tuple[tuple[str, str], ...]


def measure_accuracy(sources: Sequence[str], dialect: Dialect, *, seed: int = 1, mutated: int = 2000) -> Accuracy:
    """Check all methods, and break and edit about `mutated` of the valid ones, one variant of each kind."""
    check_speed, faults = _check_speed(sources, dialect)
    parser_speed, valid = _parser_speed(sources, dialect)
    wrong = [(str(fault), source) for source, fault in zip(sources, faults, strict=True) if fault][:_SHOWN]
    good = [source for source, fine in zip(sources, valid, strict=True) if fine]
    rng = random.Random(seed)
    chosen = rng.sample(good, min(mutated, len(good)))
    broken = [each for source in chosen for each in unchecked_breaks(source, rng, dialect)]
    edited = [each for source in chosen for each in harmless_edits(source, rng, dialect)]
    passed = [each for each in broken if is_valid_method(each[0], dialect)]
    lost = [each for each in edited if not is_valid_method(each[0], dialect)]
    wrong += [(f"accepted, although {defect}", text) for text, defect in passed[:_SHOWN]]
    wrong += [(f"refused, with nothing but {name}", text) for text, name in lost[:_SHOWN]]
    return Accuracy(
        dialect=dialect.name,
        methods=len(sources),
        accepted=len(good),
        broken=len(broken),
        refused=len(broken) - len(passed),
        harmless=len(edited),
        kept=len(edited) - len(lost),
        disagreements=_disagreements([*sources, *(text for text, _ in (*broken, *edited))], dialect),
        check_speed=check_speed,
        parser_speed=parser_speed,
        wrong=tuple(wrong),
    )


def _check_speed(sources: Sequence[str], dialect: Dialect) -> tuple[float, list[ValueError | None]]:
    syntax_fault("foo", dialect)  # compiles the dialect's expressions
    started = time.process_time()
    faults: list[ValueError | None] = [syntax_fault(source, dialect) for source in sources]
    return _speed(sources, started), faults


def _parser_speed(sources: Sequence[str], dialect: Dialect) -> tuple[float, list[bool]]:
    started = time.process_time()
    valid = [is_valid_method(source, dialect) for source in sources]
    return _speed(sources, started), valid


def _speed(sources: Sequence[str], started: float) -> float:
    spent = time.process_time() - started
    return sum(len(source.encode("utf-8", "replace")) for source in sources) / spent / 1e6


def _disagreements(texts: Sequence[str], dialect: Dialect) -> int:
    # A no of the tables is not final: only a yes that the parser does not share is a disagreement.
    return sum(is_surely_valid(text, dialect) and not is_valid_method(text, dialect) for text in texts)

"""Bug fixing: a method with one planted defect, which the answer names and mends."""

import random
import re
from collections import Counter
from collections.abc import Iterator

from llmlab.instruct.asking import MEND, Asker
from llmlab.instruct.base import Instruction, instruction
from llmlab.instruct.material import Material
from llmlab.smalltalk.mutate import alter_method, break_method

_TRIES = 4
_WORD = re.compile(r"\$\S|\w+(?::(?!=))?")
# Either order of a test's two values passes and fails alike: to call one of them wrong is pedantry.
_NO_DEFECT = "assert:equals:"


def fixes(material: Material, document: str, asker: Asker, rng: random.Random, altered: float) -> Iterator[Instruction]:
    """At most one example: a share of them parses and does the wrong thing, the others no longer parse."""
    found = _planted(material, rng, altered)
    if found is None:
        return
    broken, defect = found
    answer = f"{defect[0].upper()}{defect[1:]}.\n\n{material.text}"
    stop = material.stop
    question = asker.ask(MEND, f"{material.signature}{broken[stop:]}\n]")
    yield instruction("smalltalk", "fixing", document, question, answer)


def _planted(material: Material, rng: random.Random, altered: float) -> tuple[str, str] | None:
    """A defect that a reader could mend: a few are drawn until one loses nothing that only its author knew."""
    source = material.source
    makers = [alter_method, break_method] if rng.random() < altered else [break_method]
    for make in makers:
        for _ in range(_TRIES):
            found = make(source, rng, material.dialect)
            if found and can_be_mended(source, found[0], keywords=make is break_method) and _NO_DEFECT not in found[1]:
                return found if found[0][: material.stop] == source[: material.stop] else None
    return None


def can_be_mended(source: str, broken: str, *, keywords: bool) -> bool:
    """Whether every word and number of `source` still stands in `broken`, as often as before.

    `^ 3` where `^ 4` was meant, or `at: put: x`, cannot be mended by whoever knows only the method. A message may
    have become another (`ifTrue:` for `ifFalse:`) unless `keywords` counts.
    """
    lost = Counter(_WORD.findall(source)) - Counter(_WORD.findall(broken))
    return not any(keywords or not word.endswith(":") for word in lost)

"""All kinds of example for one set, capped per kind and in a fixed order."""

import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.grammar import dialect_of, grammar_of
from llmlab.instruct.asking import Asker
from llmlab.instruct.base import InstructConfig, Instruction
from llmlab.instruct.basket import Basket
from llmlab.instruct.bugs import fixes
from llmlab.instruct.calls import traced, traced_examples
from llmlab.instruct.classes import generations, readings
from llmlab.instruct.comments import comments
from llmlab.instruct.dialogue import chats, questions
from llmlab.instruct.gaps import clozes, infillings, namings
from llmlab.instruct.material import Material, methods_of
from llmlab.instruct.methods import completions, openings, signatures
from llmlab.instruct.prose import continuations
from llmlab.smalltalk.rendering import parse_rendered
from llmlab.tasks.base import Task
from llmlab.tasks.table import TASKS, draw_examples

_OF_CLASSES = ("generation", "reading")
_OF_METHODS = ("completion", "signature", "opening", "infilling", "fixing", "naming", "commenting", "cloze")
KINDS = (*_OF_METHODS, *_OF_CLASSES, "chat", "continuation")


@dataclass(frozen=True)
class Mixture:
    """The examples of one set, and how many others were left out, by kind and reason."""

    examples: list[Instruction]
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)


def build(
    documents: Iterable[Document],
    wanted: str,
    config: InstructConfig,
    languages: Sequence[str],
    seed: int,
    held: Collection[str] = (),
    tasks: Mapping[str, Task] = TASKS,
) -> Mixture:
    """The examples of one set (`train`, `val`, `test`), made from that set's documents only.

    Of a kind with more examples than its cap a sample is kept; the validation and test caps are a tenth of the
    training one. No question whose key (`basket.question_key`) is in `held` is asked: common methods stand in
    documents of all sets. An example depends on its own document and the seed, never on what else there is.

    Raises:
        LabError: a task of the config has nothing to teach, or its rows are not at hand.
    """
    share = 1.0 if wanted == "train" else 0.1
    baskets: dict[str, Basket] = {}

    def basket(name: str, cap: int | None) -> Basket:
        if name not in baskets:
            baskets[name] = Basket(config, cap, held, random.Random(f"{seed}/instruct/{wanted}/{name}"))
        return baskets[name]

    caps = {kind: round(share * int(getattr(config, kind))) for kind in KINDS if kind != "chat"}
    for document in documents:
        for example in _of_document(document, config, {kind for kind, cap in caps.items() if cap}, seed):
            name = f"{example.kind}/{example.lang}" if example.kind in ("chat", "continuation") else example.kind
            basket(name, caps.get(example.kind)).add(example)
    count = round(share * config.tasks)
    for name, drawn in draw_examples(config.task_names, languages, wanted, count, seed, tasks).items():
        if count and not drawn and wanted == "train" and set(tasks[name].languages()) & set(languages):
            raise LabError(f"task {name} has no training examples to teach", "drop it from `instruct.task_names`")
        for example in questions(drawn):
            basket(f"{name}/{example.lang}", None).add(example)
    for name, drawn in traced_examples(config.call_names, languages, wanted, count, seed).items():
        for example in traced(drawn, seed):
            basket(f"{name}/{example.lang}", None).add(example)
    ordered = sorted(baskets.items(), key=lambda item: _rank(item[0]))
    return Mixture(
        [example for _, each in ordered for example in each.examples],
        _summed({name: each.left_out for name, each in ordered}),
    )


def _of_document(
    document: Document, config: InstructConfig, kinds: Collection[str], seed: int
) -> Iterator[Instruction]:
    if document.kind == "dialogue":
        yield chats(document, config.max_bytes)
    elif document.kind in ("prose", "verse") and "continuation" in kinds:
        yield from continuations(document, config.max_bytes, config.max_characters)
    elif document.lang == "smalltalk" and document.kind == "code":
        yield from _of_class(document, config, kinds, seed)


def _of_class(document: Document, config: InstructConfig, kinds: Collection[str], seed: int) -> Iterator[Instruction]:
    parse = grammar_of(document)
    record = parse_rendered(document.text, parse)
    methods = list(methods_of(record, dialect_of(document)))
    for kind in (each for each in KINDS if each in kinds):
        # A generator per kind and document: switching one kind on or off moves no example of another.
        rng = random.Random(f"{seed}/instruct/{kind}/{document.id}")
        asker = Asker(config.worded, rng)
        if kind == "generation":
            yield from generations(record, document.id, asker, config.max_bytes, config.max_characters, parse)
        elif kind == "reading":
            yield from readings(record, document.id, config.max_bytes, parse)
        elif kind in _OF_METHODS:
            for material in methods:
                yield from _of_method(kind, material, document.id, asker, rng, config)


def _of_method(
    kind: str, material: Material, document: str, asker: Asker, rng: random.Random, config: InstructConfig
) -> Iterator[Instruction]:
    match kind:
        case "completion":
            yield from completions(material, document, asker)
        case "signature":
            yield from signatures(material, document, asker)
        case "opening":
            yield from openings(material, document, asker, rng)
        case "infilling":
            yield from infillings(material, document, asker, rng)
        case "fixing":
            yield from fixes(material, document, asker, rng, config.altered)
        case "naming":
            yield from namings(material, document, asker)
        case "commenting":
            yield from comments(material, document, asker)
        case "cloze":
            yield from clozes(material, document, asker, rng)


def _rank(name: str) -> int:
    """The place of a basket: kinds in their order, then the tasks; within a kind as they came."""
    kind = name.partition("/")[0]
    return KINDS.index(kind) if kind in KINDS else len(KINDS)


def _summed(left_out: dict[str, Counter[str]]) -> dict[str, dict[str, int]]:
    """Counts by kind and reason, languages together; a kind that lost nothing is not listed."""
    kinds: dict[str, Counter[str]] = {}
    for name, reasons in left_out.items():
        kinds.setdefault(name.partition("/")[0], Counter()).update(reasons)
    return {kind: dict(sorted(reasons.items())) for kind, reasons in sorted(kinds.items()) if reasons}

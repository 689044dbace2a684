"""Whole classes, written from a name: do they hang together as real ones do?"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from llmlab.artifacts.documents import Document
from llmlab.corpus.grammar import dialect_of, grammar_of
from llmlab.evals.completion import spread
from llmlab.evals.names_and_sends import share
from llmlab.evals.world import World
from llmlab.evals.writing import Writer
from llmlab.smalltalk.coherence import CHECKS, add_up, check_class
from llmlab.smalltalk.dialects import Dialect
from llmlab.smalltalk.measure import code_tokens
from llmlab.smalltalk.parser import parse_pattern
from llmlab.smalltalk.rendering import iter_rendered_methods, parse_rendered
from llmlab.smalltalk.ston import symbol
from llmlab.tokenizer.base import Tokenizer


@dataclass(frozen=True)
class ClassPrompt:
    """The beginning of a class document, up to its name, and the real document."""

    text: str
    real: str
    dialect: Dialect


def class_prompts(documents: Iterable[Document], count: int) -> list[ClassPrompt]:
    """Held-out classes that stand whole in one document, evenly over the set."""
    found = []
    code = [document for document in documents if document.lang == "smalltalk" and document.kind == "code"]
    records = [parse_rendered(document.text, grammar_of(document)) for document in code]
    parts = Counter(record.name for record in records)
    for document, record in zip(code, records, strict=True):
        if record.kind == "class" and record.methods and parts[record.name] == 1:
            opening = f"Class {{ #name : {symbol(record.name)},"
            found.append(ClassPrompt(opening, document.text, dialect_of(document)))
    return spread(found, count)


def write_classes(prompts: Sequence[ClassPrompt], writer: Writer) -> list[str]:
    """A document for each prompt."""
    written = writer([prompt.text for prompt in prompts], None)
    return [prompt.text + text for prompt, text in zip(prompts, written, strict=True)]


def cut_classes(prompts: Sequence[ClassPrompt], tokenizer: Tokenizer, tokens: int) -> list[str]:
    """The real documents, cut after as many tokens as a writer may use."""
    cut = []
    for prompt in prompts:
        rest = prompt.real.removeprefix(prompt.text)
        cut.append(prompt.text + tokenizer.decode(tokenizer.encode(rest)[:tokens]))
    return cut


def measure_classes(
    texts: Sequence[str], prompts: Sequence[ClassPrompt], world: World, training: Collection[tuple[str, ...]]
) -> dict[str, Any]:
    """Share passed of each check of `smalltalk.coherence`, and how much was written.

    `methods` counts whole ones per class; `copied_long` is the share of bodies of at least 8 tokens that are the body
    of some training method, token for token.
    """
    pairs = list(zip(texts, prompts, strict=True))
    total = add_up(
        check_class(text, world.hierarchy, world.globals, prompt.dialect, whole=text == prompt.real)
        for text, prompt in pairs
    )
    sources = [method.source for text in texts for method in iter_rendered_methods(text)]
    bodies = [tuple(code_tokens(source[parse_pattern(source).stop :])) for source in sources]
    long_bodies = [body for body in bodies if len(body) >= 8]
    return {
        "classes": len(texts),
        "methods": share(len(bodies), len(texts)),
        "copied_long": share(sum(body in training for body in long_bodies), len(long_bodies)),
        **{name: share(*total[name]) for name in CHECKS},
    }

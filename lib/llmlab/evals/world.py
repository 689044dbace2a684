"""What a Smalltalk method is judged against: the classes there are, the names that stand for something, usual sends."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from llmlab.artifacts.documents import Document
from llmlab.corpus.grammar import dialect_of, grammar_of
from llmlab.evals.completion import spread
from llmlab.smalltalk.dialects import Dialect
from llmlab.smalltalk.hierarchy import Hierarchy
from llmlab.smalltalk.measure import misused, undeclared
from llmlab.smalltalk.nodes import Method, Variable, walk
from llmlab.smalltalk.parser import parse_method
from llmlab.smalltalk.receivers import Receiver, Sent, sent_messages
from llmlab.smalltalk.records import ClassRecord, Side
from llmlab.smalltalk.rendering import parse_rendered

# Shape of a selector and sort of receiver (None: all sorts) -> how often training code sends each selector.
Shape = tuple[str, int]
Counts = Mapping[tuple[Shape, str | None], Counter[str]]
# Usual names and sends are counted in at most this many documents, spread over the training set.
_COUNTED = 2000


@dataclass(frozen=True)
class World:
    """Both sets' classes over the kernel, global names, and how often training code sends what.

    The held-out classes belong to it: a real method may call its neighbours, and so may a written one.
    """

    hierarchy: Hierarchy
    globals: frozenset[str]
    counts: Counts

    def is_sound(self, method: Method, owner: ClassRecord, side: Side) -> bool:
        """Every name is declared or known, none is assigned to or declared against the rules."""
        variables = self.hierarchy.variables(owner, side)
        return not undeclared(method, variables, self.globals) and not misused(method)

    def sent(self, method: Method, owner: ClassRecord, side: Side) -> list[Sent]:
        """The messages of a method of this class."""
        return sent_messages(method, Receiver(owner.name, side), self.hierarchy)


def make_world(train: Iterable[Document], test: Iterable[Document]) -> World:
    """Classes of both sets over the kernel; as globals also the capitalised names that training code uses freely."""
    training, held_out = _records(train), _records(test)
    hierarchy = Hierarchy(record for record, _ in (*training, *held_out))
    used: set[str] = set()
    counts: dict[tuple[Shape, str | None], Counter[str]] = {}
    for record, tree, side in _methods(spread(training, _COUNTED)):
        free = undeclared(tree, hierarchy.variables(record, side), ())
        used |= {each.name for each in walk(tree) if isinstance(each, Variable) and each.name[0].isupper()} & free
        for sent in sent_messages(tree, Receiver(record.name, side), hierarchy):
            for sort in (None, sent.sort):
                counts.setdefault((shape_of(sent.selector), sort), Counter())[sent.selector] += 1
    return World(hierarchy, hierarchy.globals | used, counts)


def shape_of(selector: str) -> Shape:
    """`("keyword", parts)`, `("unary", 1)` or `("binary", 1)`."""
    if selector.endswith(":"):
        return "keyword", selector.count(":")
    return ("unary" if selector[0].isalpha() or selector[0] == "_" else "binary"), 1


def _methods(records: Sequence[tuple[ClassRecord, Dialect]]) -> Iterable[tuple[ClassRecord, Method, Side]]:
    for record, dialect in records:
        for method in record.methods:
            yield record, parse_method(method.source, dialect), method.side


def _records(documents: Iterable[Document]) -> list[tuple[ClassRecord, Dialect]]:
    return [
        (parse_rendered(document.text, grammar_of(document)), dialect_of(document))
        for document in documents
        if document.lang == "smalltalk" and document.kind == "code"
    ]

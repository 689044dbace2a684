"""Where a word stands: in code, in a comment, in a string, in a test, in documentation."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from names import Names, note_class, note_method

from llmlab.artifacts.documents import Document
from llmlab.smalltalk.formats.reading import RefusedError
from llmlab.smalltalk.formats.table import read_text
from llmlab.smalltalk.lexer import scan
from llmlab.smalltalk.records import ClassRecord

CONTEXTS = ("code", "test", "comment", "string", "documentation")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LATIN = re.compile(r"[A-Za-z]+")
_NAMES = {"name", "keyword", "path", "symbol"}


@dataclass
class Tally:
    """What one repository consists of."""

    words: dict[str, Counter[str]] = field(default_factory=lambda: {each: Counter() for each in CONTEXTS})
    names: Names = field(default_factory=Names)
    classes: int = 0
    methods: int = 0


def words_of(text: str) -> Iterator[str]:
    """Words in lower case; a name in camel case is several."""
    return (word.lower() for word in _WORD.findall(text))


def tally(documents: Iterable[Document]) -> dict[str, Tally]:
    """Repository to what its classes hold; a file that is no Smalltalk is left out."""
    found: dict[str, Tally] = {}
    for document in documents:
        try:
            reading = read_text(document.text, document.path)
        except RefusedError:
            continue
        repository = found.setdefault(document.group, Tally())
        for record in reading.classes:
            _add(record, repository)
    return found


def is_test(record: ClassRecord) -> bool:
    """A class of test cases, by its name or its superclass."""
    return record.name.endswith(("Test", "Tests", "TestCase")) or record.superclass.endswith(("Test", "TestCase"))


def _add(record: ClassRecord, found: Tally) -> None:
    found.classes += 1
    found.words["documentation"].update(words_of(record.comment))
    note_class(found.names, record)
    test = is_test(record)
    for method in record.methods:
        found.methods += 1
        tokens = list(scan(method.source))
        note_method(found.names, method, tokens, test)
        for token in tokens:
            if token.kind in ("comment", "string"):
                found.words[token.kind].update(words_of(token.text))
            elif token.kind in _NAMES:
                found.words["test" if test else "code"].update(words_of(token.text))


def prose_words(documents: Iterable[Document]) -> dict[str, Counter[str]]:
    """Source to its words in Latin letters."""
    found: dict[str, Counter[str]] = {}
    for document in documents:
        found.setdefault(document.source, Counter()).update(map(str.lower, _LATIN.findall(document.text)))
    return found


def to_json(tallies: dict[str, Tally]) -> dict[str, object]:
    """Counts by repository as plain values."""
    return {
        name: {
            "classes": each.classes,
            "methods": each.methods,
            "words": {context: dict(counts) for context, counts in each.words.items()},
            "names": each.names.to_json(),
        }
        for name, each in tallies.items()
    }

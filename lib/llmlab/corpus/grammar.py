"""Which dialect a document's methods are read in, and by which parser."""

import json
from functools import partial

from llmlab.artifacts.documents import Document
from llmlab.smalltalk.dialects import DIALECTS, PHARO, Dialect
from llmlab.smalltalk.parser import parse_method
from llmlab.smalltalk.tonel import Parse


def dialect_of(document: Document) -> Dialect:
    """The dialect in the meta of a Smalltalk document; where it says none, Pharo, which takes nearly all others."""
    return DIALECTS.get(str(json.loads(document.meta).get("dialect")), PHARO)


def grammar(dialect: str) -> Parse:
    """The parser of methods in the dialect of that name, or in Pharo."""
    return partial(parse_method, dialect=DIALECTS.get(dialect, PHARO))


def grammar_of(document: Document) -> Parse:
    """The parser for the methods of a Smalltalk document."""
    return partial(parse_method, dialect=dialect_of(document))

"""What kept documents are labelled with, counted on their way out: licences, scripts, and what was hidden in them."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from llmlab.artifacts.documents import Document
from llmlab.corpus.licences import normal_name
from llmlab.corpus.scrub import TAGS


class Labels:
    """Counts of the documents that pass."""

    def __init__(self) -> None:
        self._licences: Counter[str] = Counter()
        self._scripts: Counter[str] = Counter()
        self._hidden: Counter[str] = Counter()

    def read(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Pass documents on, counted."""
        for document in documents:
            self._licences[normal_name(document.license)] += 1
            script = json.loads(document.meta).get("script")
            if isinstance(script, str):
                self._scripts[script] += 1
            # A tag that stood in the text before counts too; nobody writes them.
            self._hidden.update({tag: times for tag in TAGS if (times := document.text.count(f"<{tag}>"))})
            yield document

    def report(self) -> dict[str, Any]:
        """Documents by licence and by script, and pieces of text by the tag that stands in their place."""
        return {
            "licences": dict(sorted(self._licences.items())),
            "scripts": dict(sorted(self._scripts.items())),
            "hidden": dict(sorted(self._hidden.items())),
        }

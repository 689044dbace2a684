"""Search by words over documents at hand, ranked by BM25 (Robertson et al. 1994), as the library bm25s computes it.

Chinese has no blanks between words: there each character is a word, and each pair of neighbours another one, which
finds words without a dictionary. What a document says is handed to the model as it stands: a person who lets others
write the documents lets them write into the model's context. It becomes text there, never a call.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import bm25s

from llmlab.artifacts.errors import LabError
from llmlab.tools.base import ToolError, ToolName, shortened

_WORD = re.compile(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff]+")
_SUFFIXES = (".txt", ".md")
_MOST_BYTES = 64 << 20


class Search:
    """See `base.Tool`; the best `passages` documents, one a line, each cut after `characters`."""

    name: ClassVar[ToolName] = "search"

    def __init__(self, documents: Sequence[str], passages: int = 1, characters: int = 300) -> None:
        """Index the documents.

        Raises:
            LabError: there is no word in any of them.
        """
        self._documents = [" ".join(document.split()) for document in documents if words(document)]
        if not self._documents:
            raise LabError("there is nothing to search", "name a folder with texts in .txt or .md files")
        self._passages, self._characters = min(passages, len(self._documents)), characters
        self._index = bm25s.BM25()
        self._index.index([words(document) for document in self._documents], show_progress=False)

    def run(self, argument: str) -> str:
        """The documents that share the rarest words with the argument."""
        asked = words(argument)
        if not asked:
            raise ToolError("no word to search for")
        places, scores = self._index.retrieve([asked], k=self._passages, show_progress=False)
        ranked = zip(places[0], scores[0], strict=True)
        found = [self._documents[place] for place, score in ranked if score > 0]
        if not found:
            raise ToolError("nothing found")
        return "\n".join(shortened(document, self._characters) for document in found)


def words(text: str) -> list[str]:
    """What a text is found by: words in small letters, Chinese characters and pairs of them."""
    found: list[str] = []
    for word in _WORD.findall(text.lower()):
        found += [*word, *(a + b for a, b in pairwise(word))] if "\u3400" <= word[0] <= "\u9fff" else [word]
    return found


def passages_in(folder: Path) -> list[str]:
    """The paragraphs of all texts below a folder, in the order of their paths.

    Raises:
        LabError: there are none, or too many to hold, or one is not UTF-8.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    if not paths:
        raise LabError(f"{folder} holds no text to search", f"put files there that end in {' or '.join(_SUFFIXES)}")
    if sum(path.stat().st_size for path in paths) > _MOST_BYTES:
        raise LabError(f"{folder} holds more than {_MOST_BYTES >> 20} MiB of text", "name a smaller folder")
    found: list[str] = []
    for path in paths:
        try:
            found += re.split(r"\n\s*\n", path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise LabError(f"{path} cannot be read: {error}", "convert it to UTF-8, or take it away") from error
    return found

"""Texts of a document file by language."""

from collections.abc import Sequence
from pathlib import Path

from llmlab.artifacts.documents import read_documents


def texts_by_language(path: Path, languages: Sequence[str], limit: int) -> dict[str, list[str]]:
    """The texts of each language in file order, at most about `limit` bytes of each."""
    texts: dict[str, list[str]] = {lang: [] for lang in languages}
    sizes = dict.fromkeys(languages, 0)
    for document in read_documents(path, "split"):
        if document.lang in sizes and sizes[document.lang] < limit:
            texts[document.lang].append(document.text)
            sizes[document.lang] += len(document.text.encode())
    return texts

"""A folder with one document file per language."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from llmlab.artifacts.documents import Document, read_documents, write_documents


def read_languages(folder: Path, languages: Sequence[str], stage: str) -> Iterator[Document]:
    """The documents of `languages`, in that order; files of other languages in the folder are not read."""
    return (document for lang in languages for document in read_documents(folder / f"{lang}.parquet", stage))


def write_languages(folder: Path, languages: Sequence[str], documents: Iterable[Document]) -> None:
    """Write documents that come sorted by language; every language gets a file, empty if it has none."""
    written = set()
    for lang, same in groupby(documents, key=lambda document: document.lang):
        assert lang not in written, "documents must come sorted by language"
        write_documents(folder / f"{lang}.parquet", same)
        written.add(lang)
    for lang in languages:
        if lang not in written:
            write_documents(folder / f"{lang}.parquet", [])

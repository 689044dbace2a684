"""The texts that come with the repository, written for it and given to everybody (CC0)."""

from collections.abc import Iterator

from llmlab.artifacts.documents import Document
from llmlab.corpus.sources import local
from llmlab.corpus.sources.base import ReadContext, Source


def read(source: Source, context: ReadContext) -> Iterator[Document]:
    """Documents of the bundled folder, in the order of their paths.

    Raises:
        LabError: the folder is not there, which only a broken checkout explains.
    """
    yield from local.read_files(source, context, "restore it with `git checkout data/bundled`")

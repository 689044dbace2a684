"""One file of a repository or archive to documents: what is no text in the declared encoding is left out, counted."""

from collections.abc import Iterator

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources import smalltalk
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.content import decode, documents_in, is_binary


def file_documents(data: bytes, path: str, source: Source, context: ReadContext) -> Iterator[Document]:
    """Documents of one file, Smalltalk of any format included, or none and a count."""
    if smalltalk.is_smalltalk(source, context):
        yield from smalltalk.file_documents(data, path, source, context)
    elif is_binary(data):
        context.skipped["binary file"] += 1
    elif not _decodes(data, source):
        context.skipped[f"not {source.encoding} text"] += 1
    else:
        yield from documents_in(data, path, source, context)


def _decodes(data: bytes, source: Source) -> bool:
    try:
        decode(data, source.encoding, source.name)
    except LabError:
        return False
    return True

"""One file from the web (or from a mirror of it), pinned by its hash."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.fetch import fetch
from llmlab.corpus.mirror import find_stored
from llmlab.corpus.robots import Robots
from llmlab.corpus.sources import smalltalk
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.content import gunzip, stream_documents

_GZIP = b"\x1f\x8b"


def read(source: Source, context: ReadContext) -> Iterator[Document]:
    """Documents of the file, unpacked when it is gzip.

    Raises:
        LabError: no hash in the entry, not to be had, changed under its hash, or damaged.
    """
    file = _obtain(source, context)
    name = (PurePosixPath(unquote(urlsplit(source.url).path)).name or source.name).removesuffix(".gz")
    shape = replace(source, format="jsonl") if name.endswith(".jsonl") else source
    with file.open("rb") as start:
        packed = start.read(len(_GZIP)) == _GZIP
    if not smalltalk.is_smalltalk(shape, context):
        yield from stream_documents(file, name, shape, context, packed=packed)
        return
    data = file.read_bytes()
    data = gunzip(data, context.limits.max_bytes, source.name) if packed else data
    yield from smalltalk.file_documents(data, name, shape, context)


def _obtain(source: Source, context: ReadContext) -> Path:
    if not source.sha256:
        raise LabError(
            f"source {source.name} has no `sha256`, so nobody could tell when its content changes",
            "download it once, look it over, and add the output of `sha256sum` to the entry",
        )
    if not source.mirror_only:
        before = Robots(context.limits, context.pace).before if source.robots else context.pace.wait
        return fetch(source.url, sha256=source.sha256, cache=context.cache, limits=context.limits, before=before)
    found = find_stored(source.sha256, context.cache)
    if found is None:
        raise LabError(
            f"source {source.name} is a converted file that no public address serves byte for byte; it was made from "
            f"{source.url} and is looked up by its hash {source.sha256[:12]}… in a mirror only",
            "set LLMLAB_MIRROR to a folder whose catalog.json lists that hash, or take the source out of params.yaml",
        )
    return found

"""Rows of published evaluation sets: from a file with the right hash where there is one, else from the hub, pinned."""

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from llmlab.artifacts.errors import LabError
from llmlab.corpus.mirror import VARIABLE, find_stored
from llmlab.corpus.sources.base import ReadContext, Source

_GZIP = b"\x1f\x8b"


def published_rows(
    name: str, sha256: str, cache: Path, *, dataset: str = "", subset: str = "", split: str = "", revision: str = ""
) -> Iterator[Mapping[str, Any]]:
    """The rows: JSON Lines, packed or not; a file that holds none is one row with its whole `text`.

    Raises:
        LabError: neither the mirror nor the cache has the hash and the hub cannot be read, or has no such set.
    """
    file = find_stored(sha256, cache) if sha256 else None
    if file is not None:
        yield from _file_rows(file, name)
        return
    missing = f"{name} is not at hand"
    remedy = f"set {VARIABLE} to a folder whose catalog.json lists the hash {sha256[:12]}…" if sha256 else ""
    if not dataset:
        raise LabError(f"{missing}: no public address serves the converted file byte for byte", remedy)
    # Here, since `datasets` takes seconds to import and a stage with a mirror never needs it.
    from llmlab.corpus.sources.hub import hub_rows  # noqa: PLC0415

    source = Source(
        name=name,
        kind="hub",
        document="prose",
        license="",
        dataset=dataset,
        subset=subset,
        dataset_split=split,
        revision=revision,
    )
    try:
        yield from hub_rows(source, ReadContext(lang="", cache=cache))
    except LabError as error:
        raise LabError(f"{missing}; {error.problem}", remedy or error.remedy) from error


def _file_rows(file: Path, name: str) -> Iterator[Mapping[str, Any]]:
    data = file.read_bytes()
    text = (gzip.decompress(data) if data.startswith(_GZIP) else data).decode("utf-8")
    if not text.startswith("{"):
        yield {"text": text}
        return
    # Not `splitlines`, which also cuts at separators that JSON leaves as they are inside a text.
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            if line.strip():
                yield json.loads(line)
        except json.JSONDecodeError as error:
            raise LabError(f"{name}, line {number} is no JSON: {error.msg}", f"restore {file}") from error

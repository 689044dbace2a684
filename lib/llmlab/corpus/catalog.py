"""The source catalogue: names to addresses, hashes, licences and groups."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.corpus.sources.base import Source

_PATH = Path(__file__).with_name("catalog.yaml")
_NEEDS = {
    "bundled": ("path",),
    "local": ("path",),
    "http": ("url", "sha256"),
    "git": ("address",),
    "github": ("code_language",),
    "monticello": ("url",),
    "hub": (),
    "sitemap": ("url",),
    "pydoc": ("packages",),
}


def load_catalog() -> dict[str, Source]:
    """Every source of the catalogue by name, in the order of the file."""
    return {name: _source({"name": name, **entry}, f"catalog.yaml: {name}") for name, entry in _entries().items()}


def resolve_source(entry: str | Mapping[str, Any]) -> Source:
    """A source from its name in the catalogue, or from an inline mapping of the fields of `Source`.

    An inline entry without a `name` is called after its kind and the last part of its path or address, never after
    a whole path: those differ from machine to machine.

    Raises:
        LabError: an unknown name (the nearest one is named), an unknown key, a bad value, or a missing field.
    """
    if isinstance(entry, str):
        entries = _entries()
        if entry not in entries:
            near = difflib.get_close_matches(entry, entries, n=1, cutoff=0.0)
            raise LabError(
                f"source `{entry}` is not in the catalogue",
                f"did you mean `{near[0]}`? The names stand in lib/llmlab/corpus/catalog.yaml; "
                "a source of your own is written inline, as {kind: local, path: …, license: …, document: prose}",
            )
        return _source({"name": entry, **entries[entry]}, f"catalog.yaml: {entry}")
    place = str(entry.get("path") or entry.get("address") or entry.get("dataset") or entry.get("url") or "")
    last = place.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")
    name = f"{entry.get('kind', 'source')}:{last}"
    return _source({"name": name, **entry}, f"inline source {entry.get('name', name)}")


def _entries() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(_PATH.read_text(encoding="utf-8"))["sources"])


def _source(values: Mapping[str, Any], where: str) -> Source:
    source = build(Source, values, where)
    for key in _NEEDS[source.kind]:
        if not getattr(source, key):
            raise LabError(f"{where}: a source of kind {source.kind} needs `{key}`", f"add `{key}:` to it")
    if source.sha256 and (len(source.sha256) != 64 or set(source.sha256) - set("0123456789abcdef")):
        raise LabError(f"{where}: sha256 {source.sha256!r} is not 64 lower-case hexadecimal digits", "correct it")
    return source

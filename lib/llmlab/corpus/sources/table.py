"""The one table from the kind of a source to its reader: a new kind is one file here and one line below."""

from collections.abc import Mapping
from types import MappingProxyType

from llmlab.corpus.sources import bundled, git, github, http, hub, local, monticello, pydoc, sitemap
from llmlab.corpus.sources.base import Reader

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "bundled": bundled,
        "local": local,
        "http": http,
        "git": git,
        "github": github,
        "monticello": monticello,
        "hub": hub,
        "sitemap": sitemap,
        "pydoc": pydoc,
    }
)

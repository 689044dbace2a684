"""Published texts on which models are compared by bits per byte: nothing is asked, every byte is predicted."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from llmlab.tasks.published import Finder, Published

_ARTICLE = re.compile(r"(?m)^(?= = [^=\n]+ = ?$)")


@dataclass(frozen=True)
class TextSet:
    """A set of held-out documents; `cut` is a pattern that ends one document and begins the next."""

    name: str
    lang: str
    published: Published
    cut: re.Pattern[str] | None = None


_SETS = (
    TextSet(
        "wikitext-2",
        "english",
        Published(
            name="WikiText-2, test",
            sha256="d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
            dataset="Salesforce/wikitext",
            subset="wikitext-2-v1",
            split="test",
            revision="b08601e04326c79dfdd32d625aee71d232d685c3",
        ),
        cut=_ARTICLE,
    ),
    TextSet(
        "c4",
        "english",
        Published(name="C4, 300 documents", sha256="f51528081ef22279f2840c02c4cd7cdfc372138be0817c5b8714d200af692b78"),
    ),
    TextSet(
        "tinystories",
        "english",
        Published(
            name="TinyStories, validation, by paragraph",
            sha256="5fc1fb0113df62b567fb271806cd645ce8d75f59c58ca0b764c03d3b6ff34ca6",
            dataset="roneneldan/TinyStories",
            split="validation",
            revision="f54c09fd23315a6f9c86f9dc80f725de7d8f9c64",
        ),
        cut=re.compile(r"\n\n"),
    ),
    TextSet(
        "song-ci",
        "chinese",
        Published(
            name="Song lyrics, simplified",
            sha256="6ccb43475f84cb3bff70612aae5f03bf042b83a5a05ac9072b515e69c8fff81c",
        ),
    ),
    TextSet(
        "xiyouji",
        "chinese",
        Published(
            name="Journey to the West, by chapter, simplified",
            sha256="2d5e5893d6f13aafa47eefd720e3cb1c217cf1b164888f3ce185083736a17f08",
        ),
    ),
    TextSet(
        "wiki-zh",
        "chinese",
        Published(
            name="Chinese Wikipedia, the passages of DRCD, traditional",
            sha256="bdac4e8333e8102c70ade684f906d710fef4f8495e68c5ad100b731c66817818",
        ),
    ),
)
TEXT_SETS: dict[str, TextSet] = {item.name: item for item in _SETS}


def texts_of(item: TextSet, find: Finder) -> list[str]:
    """Its documents in their order, none empty; errors as those of the finder."""
    return [text.strip() for text in _pieces(item, (str(row["text"]) for row in find(item.published))) if text.strip()]


def _pieces(item: TextSet, texts: Iterable[str]) -> Iterator[str]:
    if item.cut is None:
        yield from texts
    else:
        # The hub has a line or a story a row, the mirror the whole file.
        yield from item.cut.split("\n\n".join(texts) if item.cut.pattern == r"\n\n" else "".join(texts))

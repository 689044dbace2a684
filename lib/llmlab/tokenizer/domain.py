"""A tokenizer that knows its kind of text: the small class to extend, and what is done with it.

A `Domain` says where a text is cut, and what each piece is by the name of its context. From that and from counts
`curriculum` learns a vocabulary. A text is encoded run by run, in the fewest tokens; the pieces joined are the text, so
it comes back exactly, whatever it is. To add a domain, write one file and name it in `table`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import ClassVar

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer.base import refuse_surrogates
from llmlab.tokenizer.cache import PieceCache
from llmlab.tokenizer.fewest import Speller
from llmlab.tokenizer.ranks import read_model
from llmlab.tokenizer.vocabulary import Vocabulary

Segment = tuple[str, str]
"""A piece of text and the name of its context."""

# Bytes that UTF-8 never holds. A rewrite may write them as lone surrogates, which no text may hold either, so a mark
# needs no escape: what it stands for can never be taken for text.
MARKS = tuple(chr(0xDC00 + byte) for byte in (0xC0, 0xC1, *range(0xF5, 0x100)))

# What a model file says of how it spells (`ranks.RankModel`).
FEWEST = "fewest"


class Domain(ABC):
    """What is known of a kind of text. All that is asked of a subclass is `kind` and `segments`."""

    kind: ClassVar[str]
    """The name under `tokenizer.kind`."""
    crossing: ClassVar[frozenset[str]] = frozenset()
    """Contexts whose segments join their neighbours in a run: late merges may make tokens of several of them."""
    opening: ClassVar[frozenset[str]] = frozenset()
    """Those of them that begin a run, such as the start of a line: no token reaches over their left end."""
    whole: ClassVar[frozenset[str]] = frozenset()
    """Contexts whose frequent segments become tokens whole."""
    whole_share: ClassVar[float] = 0.1
    """At most this share of what is learned is such segments."""
    spelt: ClassVar[frozenset[str]] = frozenset()
    """Contexts whose segments, where they are no token, are spelt in single characters or bytes. They join no run."""

    @abstractmethod
    def segments(self, text: str) -> Iterable[Segment]:
        """A cut of any text at all, nonsense included: the pieces, joined, are the text. None of them is empty."""

    def rewrite(self, text: str) -> str:
        """The text as it is cut, with structure written in `MARKS`; `restore` takes it back."""
        return text

    def restore(self, text: str) -> str:
        """The inverse: `restore(rewrite(text)) == text`. Marks may stand anywhere in it, as a model writes them.

        It is given every text that is decoded. What it leaves of marks becomes U+FFFD.
        """
        return text

    def runs(self, text: str) -> Iterator[Segment]:
        """Segments joined where tokens may cross; the context of a run is that of its first segment.

        A subclass may do this faster; its runs must be these.
        """
        run: list[str] = []
        first = ""
        for piece, context in self.segments(text):
            crosses = context in self.crossing
            if run and not (crosses and first in self.crossing and context not in self.opening):
                yield "".join(run), first
                run = []
            if not run:
                first = context
            run.append(piece)
        if run:
            yield "".join(run), first


class DomainTokenizer(Vocabulary):
    """See `base.Tokenizer`; an id is a rank, and no spelling of a run is shorter."""

    def __init__(self, domain: Domain, model: bytes) -> None:
        """Load a model file (`ranks.RankModel`).

        Raises:
            LabError: the bytes are no such model, or one of another kind.
        """
        self.model = read_model(model)
        if self.model.split != domain.kind:
            raise LabError(
                f"the tokenizer's model file is of kind {self.model.split!r}, not {domain.kind!r}",
                "run `dvc repro -f train_tokenizer`",
            )
        if self.model.spelling != FEWEST:
            raise LabError(
                "the tokenizer's model file is of an earlier form, spelt by merges",
                "run `dvc repro -f train_tokenizer`",
            )
        self.domain = domain
        super().__init__(self.model.tokens, self.model.special)
        self._speller = Speller(self.model.tokens)

    @property
    def kind(self) -> str:
        """The name under `tokenizer.kind`."""
        return self.domain.kind

    @property
    def rewrites(self) -> bool:
        """Whether tokens are bytes of a rewritten text, so that only all of them together are the text."""
        return type(self.domain).restore is not Domain.restore

    @cached_property
    def _known(self) -> PieceCache[Segment]:
        tokens = frozenset(self.model.tokens)

        def spell(run: Segment) -> list[int]:
            text, context = run
            whole = context not in self.domain.spelt or to_bytes(text) in tokens
            pieces = [text] if whole else text
            return [rank for piece in pieces for rank in self._speller.spell(to_bytes(piece))]

        return PieceCache(spell)

    def encode(self, text: str) -> list[int]:
        """See `base.Tokenizer.encode`."""
        refuse_surrogates(text)
        return self._known.spell(self.domain.runs(self.domain.rewrite(text)))

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each text."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Iterable[int]) -> str:
        """See `base.Tokenizer.decode`."""
        data = b"".join(map(self.token_bytes, ids))
        restored = self.domain.restore(data.decode("utf-8", errors="surrogateescape"))
        return to_bytes(restored).decode("utf-8", errors="replace")

    def model_bytes(self) -> bytes:
        """The model file."""
        return self.model.to_bytes()


def to_bytes(text: str) -> bytes:
    """UTF-8, a mark as its single byte."""
    return text.encode("utf-8", errors="surrogateescape")

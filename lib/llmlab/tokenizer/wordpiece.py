"""WordPiece: a piece is spelt by the longest token that it begins with, then by the longest for what remains.

As in BERT (Devlin et al. 2019, arXiv 1810.04805) and Schuster & Nakajima 2012, but over bytes and with the space kept
as part of the word, so that every text comes back exactly: there is no unknown word and no `##`, which marked what is
not the start of one. The vocabulary is learned by counts as in kind `bpe`, like that of the HF library's trainer: the
original criterion, count(ab) / (count(a) count(b)), favours pairs of rare tokens.
"""

from collections.abc import Iterable, Mapping, Sequence

from llmlab.tokenizer.base import TokenizerConfig, refuse_surrogates
from llmlab.tokenizer.bpe import train_bpe
from llmlab.tokenizer.cache import PieceCache
from llmlab.tokenizer.ranks import read_model
from llmlab.tokenizer.splits import splitter
from llmlab.tokenizer.vocabulary import Vocabulary


def longest_match(piece: bytes, ids: Mapping[bytes, int], longest: int) -> list[int]:
    """Ids of the tokens taken greedily from the left; every single byte must be a token."""
    found: list[int] = []
    start = 0
    while start < len(piece):
        end = min(len(piece), start + longest)
        while piece[start:end] not in ids:
            end -= 1
        found.append(ids[piece[start:end]])
        start = end
    return found


class WordPieceTokenizer(Vocabulary):
    """See `base.Tokenizer`; the model file is that of kind `bpe`."""

    kind = "wordpiece"

    def __init__(self, model: bytes) -> None:
        """Load a model file (`ranks.RankModel`).

        Raises:
            LabError: the bytes are no such model.
        """
        self.model = read_model(model)
        super().__init__(self.model.tokens, self.model.special)
        self._ids = {token: rank for rank, token in enumerate(self.model.tokens)}
        self._longest = max(map(len, self.model.tokens))
        self._pieces = splitter(self.model.split)
        self._known: PieceCache[str] = PieceCache(lambda piece: longest_match(piece.encode(), self._ids, self._longest))

    def encode(self, text: str) -> list[int]:
        """See `base.Tokenizer.encode`."""
        refuse_surrogates(text)
        return self._known.spell(self._pieces(text))

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each text."""
        return [self.encode(text) for text in texts]

    def model_bytes(self) -> bytes:
        """The model file."""
        return self.model.to_bytes()


def train_wordpiece(texts: Iterable[str], config: TokenizerConfig, languages: Sequence[str]) -> WordPieceTokenizer:
    """Learn the vocabulary as `train_bpe` does; errors as there."""
    return WordPieceTokenizer(train_bpe(texts, config, languages).model_bytes())

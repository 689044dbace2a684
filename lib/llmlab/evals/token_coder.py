"""Token ids to bits and back by a model's own probabilities: bits per byte as a real file.

The ids of a document are coded one after the other, each with the interval that the model's next-token distribution
gives it. Both directions walk through one `Predictor`, which feeds the model one id at a time on its cache, so the
decoder computes, bit for bit, the numbers that the encoder had. The windows are those of
`bits_per_byte.score_model`: the code's length is that metric, but for rounding.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from llmlab.artifacts.errors import LabError
from llmlab.evals.arithmetic_coder import ArithmeticDecoder, ArithmeticEncoder
from llmlab.model.cache import KVCache
from llmlab.model.transformer import Transformer

# Every id gets one part in 2**24 whatever the model says, so that any text can be coded: with a vocabulary of 4,096
# that costs 0.0004 bits a token.
_SCALE = 1 << 24
_PROBE = 64

Progress = Callable[[int], None]


class Predictor:
    """What comes after the ids read so far, as whole numbers: cumulative frequencies (V + 1,), the last is the total.

    Args:
        model: in evaluation mode, on the CPU.
        opening: the ids that a document begins with, which are given and not coded.
    """

    def __init__(self, model: Transformer, opening: Sequence[int]) -> None:
        self._model = model
        self._window = list(opening)
        self._cache: KVCache | None = None
        self._read(self._window)

    def cumulative(self) -> np.ndarray:
        """Cumulative frequencies of the next id."""
        shifted_V = self._logits_V - self._logits_V.max()
        weights_V = np.exp(shifted_V)
        counts_V = (weights_V * (_SCALE / weights_V.sum())).astype(np.int64) + 1
        return np.concatenate(([0], counts_V.cumsum()))

    def feed(self, token: int) -> None:
        """Go on by one id; a full window goes on with its last half, as in `score_model`."""
        self._window.append(token)
        if self._cache is not None and self._cache.length < self._model.config.context:
            self._read([token])
            return
        self._window = self._window[-(self._model.config.context // 2) - 1 :]
        self._cache = None
        self._read(self._window)

    @torch.inference_mode()
    def _read(self, ids: Sequence[int]) -> None:
        logits_BTV, self._cache = self._model.extend(torch.tensor([list(ids)]), self._cache)
        self._logits_V = logits_BTV[0, -1].double().numpy()


def encode_ids(
    model: Transformer, opening: Sequence[int], documents: Sequence[Sequence[int]], progress: Progress | None = None
) -> bytes:
    """One code for the ids of several documents; each ends with the end token and starts anew after `opening`."""
    encoder = ArithmeticEncoder()
    done = 0
    for ids in documents:
        predictor = Predictor(model, opening)
        for place, token in enumerate(ids):
            cumulative = predictor.cumulative()
            encoder.encode(int(cumulative[token]), int(cumulative[token + 1]), int(cumulative[-1]))
            if place + 1 < len(ids):
                predictor.feed(token)
            done += 1
            if progress:
                progress(done)
    return encoder.finish()


def decode_ids(model: Transformer, opening: Sequence[int], code: bytes, end: int, limit: int) -> Iterator[int]:
    """The ids of one document, without its end token.

    Args:
        model: the one that encoded, computing as it did then.
        opening: as in `encode_ids`.
        code: what `encode_ids` gave.
        end: the end token.
        limit: most ids that a sound code can hold.

    Raises:
        LabError: the code does not end within `limit`.
    """
    yield from _next_document(model, opening, ArithmeticDecoder(code), end, limit)


def decode_documents(
    model: Transformer, opening: Sequence[int], code: bytes, end: int, count: int, limit: int
) -> Iterator[list[int]]:
    """The ids of each of `count` documents; arguments and errors as in `decode_ids`."""
    decoder = ArithmeticDecoder(code)
    for _ in range(count):
        yield list(_next_document(model, opening, decoder, end, limit))


def _next_document(
    model: Transformer, opening: Sequence[int], decoder: ArithmeticDecoder, end: int, limit: int
) -> Iterator[int]:
    predictor = Predictor(model, opening)
    for _ in range(limit + 1):
        cumulative = predictor.cumulative()
        total = int(cumulative[-1])
        token = int(np.searchsorted(cumulative, decoder.target(total), side="right")) - 1
        decoder.consume(int(cumulative[token]), int(cumulative[token + 1]), total)
        if token == end:
            return
        yield token
        predictor.feed(token)
    raise LabError(f"the code does not end after {limit:,} tokens", "take the file from a sound copy")


def probe(model: Transformer, opening: Sequence[int]) -> str:
    """A hash of the frequencies along a fixed walk: differs where this machine rounds otherwise than another."""
    digest = hashlib.sha256()
    predictor = Predictor(model, opening)
    for step in range(min(_PROBE, math.ceil(1.5 * model.config.context))):
        cumulative = predictor.cumulative()
        digest.update(cumulative.astype("<i8").tobytes())
        # The likeliest id now and then, any other otherwise: near and far from what the model expects.
        token = int(np.diff(cumulative).argmax()) if step % 2 else (step * 7919) % model.vocab_size
        predictor.feed(token)
    return digest.hexdigest()

"""A compressed file: any bytes, coded by a model, refused by any other model and where numbers round differently.

Little-endian: `LLMZ`, version u8, kind u8 (0 stored, 1 coded), CRC-32 of the original u32 and its length u64; if coded:
8 bytes of the model's identity, 8 of how this machine computes with it, the language tag's id u32; then the code.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from re import compile as regex

import torch

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import hash_bytes
from llmlab.evals.bits_per_byte import OPENING
from llmlab.evals.token_coder import Progress, decode_ids, encode_ids, probe
from llmlab.model.transformer import Transformer
from llmlab.tokenizer.base import Tokenizer, tokenizer_hash
from llmlab.tokenizer.chat import opening
from llmlab.tokenizer.special import BOS, EOS, language_token

ARCHIVE_VERSION = 1
_MAGIC = b"LLMZ"
_HEAD = struct.Struct("<4sBBIQ")
_CODED = struct.Struct("<8s8sI")
_STORED, _MODEL = 0, 1
_SPOILT = regex("([\udc80-\udcff])")
_LANGUAGE_TOKENS = 256
_COPY = "take the file from a sound copy"


@dataclass(frozen=True)
class Codec:
    """A model that compresses; `weights` is the hash of its weights."""

    model: Transformer
    tokenizer: Tokenizer
    weights: str

    def compress(self, data: bytes, lang: str, progress: Progress | None = None) -> bytes:
        """The compressed file; bytes that the tokenizer cannot spell, or that would grow, are stored as they are.

        Raises:
            LabError: the tokenizer has no tag for `lang`.
        """
        start = opening(self.tokenizer, lang)
        ids = spell(data, self.tokenizer)
        stored = _HEAD.pack(_MAGIC, ARCHIVE_VERSION, _STORED, zlib.crc32(data), len(data)) + data
        if ids is None:
            return stored
        code = encode_ids(self.model, start, [[*ids, self.tokenizer.special[EOS]]], progress)
        head = _HEAD.pack(_MAGIC, ARCHIVE_VERSION, _MODEL, zlib.crc32(data), len(data))
        coded = head + _CODED.pack(self.identity(), self._machine(start), start[-1]) + code
        return min(coded, stored, key=len)

    def decompress(self, archive: bytes, progress: Progress | None = None) -> bytes:
        """The original bytes.

        Raises:
            LabError: no such file, another version, another model, a machine that rounds otherwise, or damage.
        """
        kind, checksum, size = _head(archive)
        body = archive[_HEAD.size :]
        data = body if kind == _STORED else self._decoded(body, size, progress)
        if len(data) != size or zlib.crc32(data) != checksum:
            raise LabError("what was decoded is not what was compressed: the checksum differs", _COPY)
        return data

    def _decoded(self, body: bytes, size: int, progress: Progress | None) -> bytes:
        if len(body) < _CODED.size:
            raise LabError("the file is cut off within its header", _COPY)
        identity, machine, tag = _CODED.unpack(body[: _CODED.size])
        if identity != self.identity():
            raise LabError(
                f"the file was made by another model, tokenizer, number of threads or torch ({identity.hex()})",
                f"name its model with `--model`; this one is {self.identity().hex()}",
            )
        start = [self.tokenizer.special[BOS], tag]
        if tag >= self.model.vocab_size or machine != self._machine(start):
            raise LabError(
                "this machine computes other numbers with the model than the one that made the file",
                "decompress it where it was made, or on the same type of processor",
            )
        found = bytearray()
        code = body[_CODED.size :]
        for number, token in enumerate(
            decode_ids(self.model, start, code, self.tokenizer.special[EOS], limit=size), start=1
        ):
            found += self.tokenizer.token_bytes(token)
            if len(found) > size:
                break
            if progress:
                progress(number)
        return bytes(found)

    def identity(self) -> bytes:
        """What must be the same for the same numbers: weights, shape, tokenizer, threads and torch."""
        facts = (self.weights, str(self.model.config), tokenizer_hash(self.tokenizer))
        return bytes.fromhex(hash_bytes("\0".join((*facts, str(torch.get_num_threads()), torch.__version__)).encode()))[
            :8
        ]

    def _machine(self, start: Sequence[int]) -> bytes:
        return bytes.fromhex(probe(self.model, start))[:8]

    def language_of(self, data: bytes, languages: Sequence[str]) -> str:
        """The language whose tag makes the beginning of the data shortest; the first for what cannot be spelt."""
        ids = spell(data[:2000], self.tokenizer)
        known = [lang for lang in languages if language_token(lang) in self.tokenizer.special]
        if not ids or len(known) < 2:
            return known[0] if known else languages[0]
        beginning = ids[: min(_LANGUAGE_TOKENS, self.model.config.context) - OPENING]
        return min(known, key=lambda lang: self._nats(opening(self.tokenizer, lang), beginning))

    @torch.inference_mode()
    def _nats(self, start: Sequence[int], ids: Sequence[int]) -> float:
        whole_BT = torch.tensor([[*start, *ids]])
        logits_BTV = self.model(whole_BT[:, :-1])[:, len(start) - 1 :]
        return float(torch.nn.functional.cross_entropy(logits_BTV[0], whole_BT[0, len(start) :], reduction="sum"))


def spell(data: bytes, tokenizer: Tokenizer) -> list[int] | None:
    """Ids whose bytes, end to end, are `data`; None where the tokenizer has no such ids.

    What is valid UTF-8 is encoded as text; any other byte takes the token that stands for it alone.
    """
    single = {tokenizer.token_bytes(token): token for token in reversed(range(tokenizer.vocab_size))}
    ids: list[int] = []
    for part in _SPOILT.split(data.decode("utf-8", "surrogateescape")):
        if _SPOILT.match(part):
            token = single.get(bytes([ord(part) - 0xDC00]))
            if token is None:
                return None
            ids.append(token)
        elif part:
            try:
                ids += tokenizer.encode(part)
            except LabError:  # a tokenizer of characters meets one that it does not know
                return None
    return ids if b"".join(map(tokenizer.token_bytes, ids)) == data else None


def _head(archive: bytes) -> tuple[int, int, int]:
    """Kind, checksum and size from the fixed header."""
    if len(archive) < _HEAD.size or archive[:4] != _MAGIC:
        raise LabError(f"this is no file of `lab compress` (it begins with {archive[:4]!r})", _COPY)
    _, version, kind, checksum, size = _HEAD.unpack(archive[: _HEAD.size])
    if version != ARCHIVE_VERSION or kind not in (_STORED, _MODEL):
        raise LabError(f"format version {version}, kind {kind}: this code reads version {ARCHIVE_VERSION}", _COPY)
    return kind, checksum, size

import random
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from llmlab.artifacts.errors import LabError
from llmlab.evals.archive import Codec, spell
from llmlab.evals.subject import Subject
from llmlab.tokenizer.base import Tokenizer

LANGUAGES = ["smalltalk", "english", "chinese"]
DATA = {
    "empty": b"",
    "text": b"The old lighthouse keeper climbed the stairs.\n",
    "chinese": "从前有一个小村庄。".encode(),
    "invalid": b"balance \xff\xfe := 0.\xc3(\x80\n",
    "surrogate": b"\xed\xa0\x80 x",
    "nul": b"a\0b\0\0",
    "crlf": b"one\r\ntwo\r",
    "marker": "▁ ▁<|eos|><|bos|>".encode(),
    "noise": random.Random(3).randbytes(60),
}


@pytest.fixture(scope="module")
def codec(subject: Subject) -> Codec:
    return Codec(subject.base, subject.tokenizer, "weights of the base model")


@pytest.mark.parametrize("name", DATA)
def test_any_bytes_come_back(name: str, codec: Codec) -> None:
    archive = codec.compress(DATA[name], "english")
    assert codec.decompress(archive) == DATA[name]
    assert len(archive) <= len(DATA[name]) + 18  # stored, with its header, when the model makes it larger


@pytest.mark.parametrize("name", DATA)
def test_bytes_are_spelt_exactly_or_not_at_all(name: str, tokenizer: Tokenizer, char_tokenizer: Tokenizer) -> None:
    ids = spell(DATA[name], tokenizer)
    assert ids is not None
    assert b"".join(map(tokenizer.token_bytes, ids)) == DATA[name]
    by_characters = spell(DATA[name], char_tokenizer)
    assert by_characters is None or b"".join(map(char_tokenizer.token_bytes, by_characters)) == DATA[name]


@pytest.fixture(scope="module")
def coded(codec: Codec) -> bytes:
    """An archive that holds a code, although an untrained model compresses nothing: bytes of long tokens."""
    ids = sorted(range(codec.tokenizer.vocab_size), key=lambda token: len(codec.tokenizer.token_bytes(token)))[-9:]
    archive = codec.compress(b"".join(map(codec.tokenizer.token_bytes, ids)) * 2, "english")
    assert archive[5] == 1
    return archive


def test_a_code_is_smaller_and_comes_back(codec: Codec, coded: bytes) -> None:
    data = codec.decompress(coded)
    assert zlib.crc32(data) == int.from_bytes(coded[6:10], "little")
    assert len(coded) < len(data)


def test_another_model_is_refused(codec: Codec, coded: bytes, refuses: Callable[..., LabError]) -> None:
    refuses(["another model", "--model"], replace(codec, weights="others").decompress, coded)


def test_another_number_of_threads_is_refused(codec: Codec, coded: bytes, refuses: Callable[..., LabError]) -> None:
    torch.set_num_threads(2)
    try:
        refuses(["threads"], codec.decompress, coded)
    finally:
        torch.set_num_threads(1)


def test_a_machine_that_rounds_otherwise_is_refused(
    codec: Codec, coded: bytes, refuses: Callable[..., LabError]
) -> None:
    archive = bytearray(coded)
    archive[18 + 8] ^= 1  # the first byte of how the machine computes
    refuses(["other numbers"], codec.decompress, bytes(archive))


@pytest.mark.parametrize("place", [6, 12, -12])
def test_damage_is_refused(place: int, codec: Codec, coded: bytes, refuses: Callable[..., LabError]) -> None:
    archive = bytearray(coded)
    archive[place] ^= 0x10
    refuses(["sound copy"], codec.decompress, bytes(archive))


@pytest.mark.parametrize("archive", [b"", b"LLMZ", b"PK\3\4" + bytes(40), b"LLMZ\x02\x01" + bytes(40)])
def test_what_is_no_archive_is_refused(archive: bytes, codec: Codec, refuses: Callable[..., LabError]) -> None:
    refuses(["sound copy"], codec.decompress, archive)


def test_a_header_cut_off_is_refused(codec: Codec, coded: bytes, refuses: Callable[..., LabError]) -> None:
    refuses(["cut off"], codec.decompress, coded[:25])


def test_the_language_is_that_of_the_cheapest_tag(codec: Codec) -> None:
    data = DATA["text"]
    lengths = {lang: codec._nats([*_start(codec, lang)], spell(data, codec.tokenizer) or []) for lang in LANGUAGES}
    assert codec.language_of(data, LANGUAGES) == min(lengths, key=lambda lang: lengths[lang])
    assert codec.language_of(b"", ["chinese", "english"]) == "chinese"


def _start(codec: Codec, lang: str) -> list[int]:
    return [codec.tokenizer.special["<|bos|>"], codec.tokenizer.special[f"<|lang:{lang}|>"]]

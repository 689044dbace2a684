from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.domain import MARKS
from llmlab.tokenizer.logs import LogsDomain
from llmlab.tokenizer.table import train_tokenizer

LOG = (Path(__file__).parent / "fixtures" / "logs" / "shop.log").read_text(encoding="utf-8")
FRAMES = "".join(line for line in LOG.splitlines(keepends=True) if line.startswith("\tat "))
DOMAIN = LogsDomain()
PARTS = [
    "\tat a.B.c(B.java:12)\n", "\tat a.B$1.<init>(B.java:7)\r\n", "at xB.c(B.java:1)", "B.c(B.java:", "$B.c(B.java:9)",
    "é.B.c(B.java:1)", "B.c.d(c.java:2)", "(B.java:", "2031-03-07 14:02:51,118 ", "10.4.77.203", "0x7ffd3c2a91e0", "\n",
    "7c9e6679-7425-40de-944b-e07fc1f90ae7", "\r", "\0", "Caused by: ", "... 12 more\n", "磁盘", "\ufffd", "a1b2c3", " ",
]  # fmt: skip


def pieces(text, context=None):
    return [piece for piece, each in DOMAIN.segments(text) if context in (None, each)]


@pytest.fixture(scope="module")
def trained():
    config = TokenizerConfig(kind="logs", vocab_size=600, max_piece_length=48)
    numbered = [LOG.replace("48", str(number)).replace("Ledger", f"Book{number}") for number in range(10, 40)]
    return train_tokenizer(numbered, config, ["english"])


@given(st.lists(st.sampled_from(PARTS), max_size=12))
@settings(max_examples=100, deadline=None)
def test_rewriting_and_cutting_lose_nothing(parts):
    text = "".join(parts)
    written = DOMAIN.rewrite(text)
    assert DOMAIN.restore(written) == text
    assert "".join(pieces(written)) == written
    assert "" not in pieces(written)


@given(st.text())
@settings(max_examples=50, deadline=None)
def test_any_text_comes_back_exactly(trained, text):
    assert "".join(pieces(text)) == text
    assert trained.decode(trained.encode(text)) == text


def test_any_marks_are_read(trained):
    for text in ["".join(MARKS), MARKS[4] * 3, "B.c" + MARKS[4] + "12)", MARKS[0] + "$" + MARKS[3]]:
        assert "".join(pieces(text)) == text
        DOMAIN.restore(text)
    assert trained.decode(range(trained.vocab_size))


@pytest.mark.parametrize(
    "text", [LOG, LOG.replace("\n", "\r\n"), LOG[37:-20], LOG.encode().decode("latin-1"), LOG[::-1]],
    ids=["whole", "crlf", "cut", "wrong encoding", "backwards"],
)  # fmt: skip
def test_logs_come_back_byte_for_byte(trained, text):
    assert trained.decode(trained.encode(text)).encode() == text.encode()


def test_time_stamps_addresses_and_hashes_have_fixed_fields():
    assert pieces("2031-03-07 14:02:51,118") == ["203", "1", "-03", "-07", " ", "14", ":02", ":51", ",118"]
    assert pieces("10.4.77.203") == ["10", ".4", ".77", ".203"]
    assert pieces("0x7ffd3c2a91e0", "hex") == ["7f", "fd", "3c", "2a", "91", "e0"]
    uuid = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    assert len(pieces(uuid)) == 16
    assert "".join(pieces(uuid)) == uuid


def test_a_frame_spells_its_class_once():
    for frame in ["at a.Ledger.append(Ledger.java:211)", "at a.Ledger$Writer.run(Ledger.java:88)"]:
        written = DOMAIN.rewrite(frame)
        assert written.count("Ledger") == 1
        assert DOMAIN.restore(written) == frame
    other = "at a.Ledger.append(Book.java:211)"
    assert DOMAIN.rewrite(other) == other


def test_numbers_stand_alone_and_lines_begin_anew():
    runs = [run for run, _ in DOMAIN.runs("took 10 ms\ntook 3841 ms\n")]
    assert runs == ["took ", "10", " ms", "\ntook ", "384", "1", " ms", "\n"]


def test_repeated_frames_are_a_few_tokens(trained):
    once, again = len(trained.encode(FRAMES)), len(trained.encode(FRAMES * 2))
    assert again - once <= 4


def test_fewer_tokens_than_plain_merges_of_the_same_size(trained):
    config = TokenizerConfig(kind="bpe", vocab_size=600, max_piece_length=48)
    numbered = [LOG.replace("48", str(number)).replace("Ledger", f"Book{number}") for number in range(10, 40)]
    plain = train_tokenizer(numbered, config, ["english"])
    unseen = LOG.replace("Ledger", "Register").replace("2031", "1999")
    assert len(trained.encode(unseen)) < 0.75 * len(plain.encode(unseen))

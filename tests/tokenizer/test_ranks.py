import base64

import pytest

from llmlab.tokenizer.bpe import BpeTokenizer
from llmlab.tokenizer.ranks import RankModel, format_ranks, parse_ranks, read_model, read_ranks

BYTES = [bytes([byte]) for byte in range(256)]


def lines(*changed):
    """The rank file of all bytes and `ab`, with changed lines: (rank, new line)."""
    rows = format_ranks([*BYTES, b"ab"]).splitlines()
    for rank, line in changed:
        rows[rank] = line
    return b"\n".join(rows) + b"\n"


def test_a_file_of_ranks_comes_back(tmp_path):
    tokens = [*BYTES, b"ab", b"\n\n", " 从".encode()]
    path = tmp_path / "made.tiktoken"
    path.write_bytes(format_ranks(tokens))
    assert read_ranks(path) == tokens
    assert path.read_bytes().splitlines()[256] == base64.b64encode(b"ab") + b" 256"


def test_lines_may_stand_in_any_order():
    rows = format_ranks([*BYTES, b"ab"]).splitlines()
    assert parse_ranks(b"\n".join(reversed(rows)), "made") == [*BYTES, b"ab"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ((256, b"YWI= 257"), ["hole", "rank 256", "last rank is 257"]),
        ((0, b"AA== 900"), ["hole", "rank 0"]),
        ((256, b"YWI= 255"), ["line 257", "rank 255 occurs twice"]),
        ((256, b"YQ== 256"), ["the token b'a' twice"]),
        ((256, b"YWI="), ["line 257", "cut or broken"]),
        ((256, b"YW 256"), ["line 257", "cut or broken"]),
        ((256, b"Y!I= 256"), ["line 257"]),
        ((256, b"YWI= -1"), ["line 257"]),
        ((256, b" 256"), ["line 257"]),
        ((97, b"YWJj 97"), ["1 bytes have no token", "0x61"]),
    ],
)
def test_a_broken_file_is_refused_with_its_line(changed, words, refuses):
    refuses(["made", *words], parse_ranks, lines(changed), "made")


def test_a_truncated_or_empty_file_is_refused(refuses):
    whole = lines()
    refuses(["bytes have no token"], parse_ranks, b"", "made")
    refuses(["line 257", "rank 2 occurs twice"], parse_ranks, whole[:-3], "made")
    refuses(["line 257", "cut or broken"], parse_ranks, whole[:-6], "made")
    refuses(["bytes have no token"], parse_ranks, whole[: len(whole) // 2 + 1].rpartition(b"\n")[0], "made")


def test_a_missing_file_is_named(tmp_path, refuses):
    refuses(["nowhere.tiktoken", "no file"], read_ranks, tmp_path / "nowhere.tiktoken")


MODEL = RankModel(split="gpt2", tokens=(*BYTES, b"ab"), special=("<|pad|>", "<|从|>"))


def test_a_model_comes_back():
    assert read_model(MODEL.to_bytes()) == MODEL
    loaded = BpeTokenizer(MODEL.to_bytes())
    assert dict(loaded.special) == {"<|pad|>": 257, "<|从|>": 258}
    assert loaded.model_bytes() == MODEL.to_bytes()


@pytest.mark.parametrize(
    "model", [b"", b"\xff", b"[]", b"{}", b"5\n", b'{"split": "gpt2", "tokens": "x", "special": []}']
)
def test_bytes_that_are_no_model_are_refused(model, refuses):
    refuses(["model file is broken", "train_tokenizer"], BpeTokenizer, model)


def test_a_truncated_model_is_refused(refuses):
    whole = MODEL.to_bytes()
    refuses(["truncated", "256 of 257"], BpeTokenizer, whole[: whole.rstrip().rindex(b"\n") + 1])
    refuses(["line 257", "twice"], BpeTokenizer, whole[:-2])


def test_another_version_is_refused(refuses):
    refuses(["version 9"], BpeTokenizer, MODEL.to_bytes().replace(b'"version": 1', b'"version": 9'))

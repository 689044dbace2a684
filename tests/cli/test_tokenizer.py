import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tiktoken
from tokenizers import Tokenizer

from llmlab.tokenizer.bpe import BpeTokenizer
from llmlab.tokenizer.ranks import format_ranks
from llmlab.tokenizer.table import load_tokenizer
from tests.conftest import TEXTS

TEXT = "".join(TEXTS) * 3
HELLO = "The fox met a crow. 从前 🙂\n"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def mine(works: Callable[..., str], tmp_path: Path, notes: Path) -> Path:
    """A tokenizer of kind bpe, trained by the command."""
    out = tmp_path / "made"
    told = works("tokenizer", "train", "--kind", "bpe", "--vocab", "400", "--out", str(out), str(notes))
    assert "kind bpe, 400 tokens" in told
    return out


@pytest.mark.parametrize("kind", ["spm", "unigram", "superbpe", "wordpiece", "byte", "char"])
def test_every_kind_can_be_trained(works: Callable[..., str], tmp_path: Path, notes: Path, kind: str) -> None:
    out = tmp_path / kind
    works("tokenizer", "train", "--kind", kind, "--vocab", "410", "--lang", "english", "--out", str(out), str(notes))
    trained = load_tokenizer(out)
    assert trained.kind == kind
    assert "<|lang:english|>" in trained.special
    assert "<|lang:chinese|>" not in trained.special
    assert trained.decode(trained.encode(TEXT)) == TEXT


def test_encode_and_decode_are_inverse(works: Callable[..., str], mine: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text(HELLO, encoding="utf-8")
    ids = works("tokenizer", "encode", str(mine), str(text))
    assert [int(each) for each in ids.split()] == load_tokenizer(mine).encode(HELLO)
    assert works("tokenizer", "encode", str(mine), typed=HELLO) == ids
    assert works("tokenizer", "decode", str(mine), typed=ids) == HELLO
    assert works("tokenizer", "decode", str(mine), *ids.split()) == HELLO


def test_encode_shows_the_pieces(works: Callable[..., str], mine: Path) -> None:
    lines = works("tokenizer", "encode", str(mine), "--pieces", typed="fox 🙂").splitlines()
    assert len(lines) == len(load_tokenizer(mine).encode("fox 🙂"))
    assert lines[0] == f"{load_tokenizer(mine).encode('fox')[0]}\t'fo'"
    assert lines[-1].endswith(r"'\\x82'")


def test_compare_prints_a_table_and_json(works: Callable[..., str], mine: Path, notes: Path, tmp_path: Path) -> None:
    ranks = tmp_path / "my-gpt2.tiktoken"
    ranks.write_bytes(format_ranks([bytes([byte]) for byte in range(256)]))
    other = tmp_path / "other.txt"
    other.write_text(HELLO, encoding="utf-8")
    arguments = ("tokenizer", "compare", str(mine), "--ranks", str(ranks), "--files", str(notes), str(other))
    table = works(*arguments)
    assert [line.split()[0] for line in table.splitlines()] == ["tokenizer", str(mine), str(ranks)]
    found = json.loads(works(*arguments, "--json"))
    assert set(found) == {str(mine), str(ranks)}
    assert found[str(ranks)]["all"]["bytes_per_token"] == 1
    assert found[str(mine)]["all"]["bytes_per_token"] > 2
    assert set(found[str(mine)]["files"]) == {str(notes), str(other)}
    assert all(result["all"]["exact"] for result in found.values())


def test_exports_are_read_by_the_other_programs(works: Callable[..., str], mine: Path, tmp_path: Path) -> None:
    hf, ranks = tmp_path / "tokenizer.json", tmp_path / "made.tiktoken"
    told = works("tokenizer", "export", str(mine), "--hf", str(hf), "--tiktoken", str(ranks))
    expected = load_tokenizer(mine).encode(HELLO)
    assert Tokenizer.from_file(str(hf)).encode(HELLO).ids == expected
    pattern = told.removeprefix("pat_str: ").removesuffix("\n")
    loaded = load_tokenizer(mine)
    assert isinstance(loaded, BpeTokenizer)
    theirs = tiktoken.Encoding("made", pat_str=pattern, mergeable_ranks=loaded.ranks, special_tokens={})
    assert theirs.encode_ordinary(HELLO) == expected
    assert ranks.read_bytes() == format_ranks(loaded.model.tokens)


def test_inspect_writes_a_page_of_all_columns(works: Callable[..., str], mine: Path, project: Path) -> None:
    told = works("tokenizer", "inspect", str(mine), "models/tokenizer", "--out", "page.html", typed=HELLO)
    assert "2 tokenizers" in told
    page = (project / "page.html").read_text(encoding="utf-8")
    assert page.count("<section>") == 2
    assert page.count("<i class=") == sum(
        len(load_tokenizer(each).encode(HELLO)) for each in (mine, project / "models/tokenizer")
    )
    assert "&#x27; + &#x27;" in page


def test_inspect_shows_the_beginning_of_a_long_text(works: Callable[..., str], mine: Path, notes: Path) -> None:
    out = notes.with_name("page.html")
    works("tokenizer", "inspect", str(mine), "--most", "50", "--files", str(notes), "--out", str(out))
    assert f"The first 50 of {len(TEXT):,} characters." in out.read_text(encoding="utf-8")


def test_inspect_of_nothing_is_refused(fails: Callable[..., str], mine: Path) -> None:
    assert "no tokenizer" in fails("tokenizer", "inspect", typed="x")
    assert "no text" in fails("tokenizer", "inspect", str(mine), typed="")


def test_files_that_are_no_text_are_refused(fails: Callable[..., str], tmp_path: Path) -> None:
    bad, empty, out = tmp_path / "bad.txt", tmp_path / "empty.txt", tmp_path / "out"
    bad.write_bytes(b"abc\xffdef")
    empty.write_bytes(b"")
    train = ("tokenizer", "train", "--vocab", "400", "--out", str(out))
    assert "byte 0xff at offset 3" in fails(*train, str(bad))
    assert "no text to train" in fails(*train, str(empty))
    assert "nowhere.txt is no file" in fails(*train, str(tmp_path / "nowhere.txt"))
    assert not out.exists()


def test_wrong_numbers_and_names_are_refused(fails: Callable[..., str], notes: Path, tmp_path: Path) -> None:
    train = ("tokenizer", "train", "--out", str(tmp_path / "out"), str(notes))
    assert "vocab_size" in fails(*train, "--vocab", "5")
    assert "the text supports" in fails(*train, "--vocab", "100000")
    assert "kind" in fails(*train, "--kind", "morphemes")
    assert "no split 'gtp2'" in fails(*train, "--split", "gtp2")


def test_ids_that_are_none_are_refused(fails: Callable[..., str], mine: Path) -> None:
    assert "id 400 is outside" in fails("tokenizer", "decode", str(mine), "400")
    assert "no id" in fails("tokenizer", "decode", str(mine), typed="1 x")
    assert "nowhere" in fails("tokenizer", "decode", "nowhere", "1")
    assert "byte 0xff" in fails("tokenizer", "encode", str(mine), typed=b"\xff")


def test_what_cannot_be_compared_is_refused(fails: Callable[..., str], mine: Path, notes: Path, tmp_path: Path) -> None:
    hole, named, empty = tmp_path / "gpt2.tiktoken", tmp_path / "mine.tiktoken", tmp_path / "empty.txt"
    rows = format_ranks([bytes([byte]) for byte in range(256)]).splitlines()
    hole.write_bytes(b"\n".join([*rows[:9], *rows[10:]]))
    named.write_bytes(b"\n".join(rows))
    empty.write_bytes(b"")
    compare = ("tokenizer", "compare")
    assert "no text to compare on" in fails(*compare, str(mine))
    assert "nothing to compare" in fails(*compare, "--files", str(notes))
    assert "has a hole: no token has rank 9" in fails(*compare, "--ranks", str(hole), "--files", str(notes))
    assert "how texts are cut" in fails(*compare, "--ranks", str(named), "--files", str(notes))
    assert "every file is empty" in fails(*compare, str(mine), "--files", str(empty))
    assert "--files" in fails(*compare, str(mine), "--files")


def test_what_cannot_be_exported_is_refused(fails: Callable[..., str], mine: Path, project: Path) -> None:
    assert "what to write" in fails("tokenizer", "export", str(mine))
    assert "'spm'" in fails("tokenizer", "export", "models/tokenizer", "--hf", "out.json")
    assert not (project / "out.json").exists()


def test_the_group_alone_shows_its_help(works: Callable[..., str]) -> None:
    shown = " ".join(works("tokenizer").split())
    assert "compare" in shown
    assert "lab tokenizer train" in shown

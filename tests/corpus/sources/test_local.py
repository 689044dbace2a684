import gzip
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.catalog import resolve_source
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.sources import local
from llmlab.corpus.sources.base import ReadContext


def read(root: Path, path: str = ".", lang: str = "english", **more: Any) -> tuple[list[Document], Counter[str]]:
    entry = {"name": "mine", "kind": "local", "path": path, "license": "mine", "document": "prose", **more}
    limits = FetchLimits(max_bytes=10_000)
    context = ReadContext(lang=lang, cache=root / "cache", root=root, limits=limits)
    return list(local.read(resolve_source(entry), context)), context.skipped


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)


def test_a_folder_in_the_order_of_its_paths(tmp_path: Path) -> None:
    write(tmp_path, {"t/b/two.md": "2", "t/a/one.txt": "1", "t/c.st": "3", "t/skip.png": "x", "t/a-b/z.txt": "4"})
    documents, _ = read(tmp_path, "t")
    assert [(d.path, d.text) for d in documents] == [
        ("a-b/z.txt", "4"),
        ("a/one.txt", "1"),
        ("b/two.md", "2"),
        ("c.st", "3"),
    ]
    assert {d.group for d in documents} == {"mine"}
    assert {(d.license, d.source, d.lang, d.kind) for d in documents} == {("mine", "mine", "english", "prose")}


def test_groups_by_folder_and_by_file(tmp_path: Path) -> None:
    write(tmp_path, {"t/a/1.txt": "1", "t/a/2.txt": "2", "t/3.txt": "3"})
    assert [d.group for d in read(tmp_path, "t", group_by="folder")[0]] == ["mine", "a", "a"]
    assert [d.group for d in read(tmp_path, "t", group_by="file")[0]] == ["mine/3.txt", "mine/a/1.txt", "mine/a/2.txt"]
    assert {d.group for d in read(tmp_path, "t", group="me")[0]} == {"me"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every file's name is text")
def test_a_name_that_is_no_text_has_a_sign_in_its_place(tmp_path: Path) -> None:
    write(tmp_path, {"t/" + os.fsdecode(b"caf\xe9.txt"): "1"})
    (document,) = read(tmp_path, "t", group_by="file")[0]
    assert (document.path, document.group, document.text) == ("caf\ufffd.txt", "mine/caf\ufffd.txt", "1")


def test_globs_and_single_files(tmp_path: Path) -> None:
    write(tmp_path, {"t/a/x.txt": "1", "t/b/x.txt": "2", "t/b/y.txt": "3", "t/b/c/x.txt": "4"})
    assert [d.text for d in read(tmp_path, "t/*/x.txt")[0]] == ["1", "2"]
    assert [d.text for d in read(tmp_path, "t/**/x.txt")[0]] == ["1", "4", "2"]
    assert [d.text for d in read(tmp_path, "t/b/y.txt")[0]] == ["3"]
    assert [d.text for d in read(tmp_path, "t", exclude=["**/x.txt"])[0]] == ["3"]
    assert [d.path for d in read(tmp_path, "t/b/y*")[0]] == ["y.txt"]


def test_the_place_of_the_project_does_not_matter(tmp_path: Path) -> None:
    for place in ("one", "two/deeper"):
        write(tmp_path / place, {"t/a.txt": "text"})
    assert read(tmp_path / "one", "t")[0] == read(tmp_path / "two/deeper", "t")[0]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("naïve 文".encode(), "utf-8"),
        (b"\xef\xbb\xbf" + "naïve 文".encode(), "utf-8"),
        ("naïve 文".encode("utf-16"), "utf-8"),
        (b"\xfe\xff" + "naïve 文".encode("utf-16-be"), "utf-8"),
        ("naïve 文".encode("utf-32"), "utf-8"),
        ("naïve 文".encode("gb18030"), "gb18030"),
    ],
)
def test_encodings(data: bytes, encoding: str, tmp_path: Path) -> None:
    write(tmp_path, {"t/a.txt": data})
    assert [d.text for d in read(tmp_path, "t", encoding=encoding)[0]] == ["naïve 文"]


def test_declared_single_byte_encodings(tmp_path: Path) -> None:
    write(tmp_path, {"t/a.txt": b"na\x95ve"})
    assert read(tmp_path, "t", encoding="mac_roman")[0][0].text == "naïve"


def test_what_does_not_decode_is_refused_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, {"t/a.txt": "naïve".encode("cp1252")})
    with pytest.raises(LabError, match=r"mine: a\.txt is not utf-8 text: .* at byte 2"):
        read(tmp_path, "t")
    with pytest.raises(LabError, match="unknown encoding 'klingon'"):
        read(tmp_path, "t", encoding="klingon")


def test_jsonl_rows(tmp_path: Path) -> None:
    rows = [
        {"text": "one", "who": "ann: 1", "license": "CC0"},
        {"text": "two\u2028still two", "who": "ann: 2"},
        {"text": "  "},
        {"text": "half \ud83d pair"},
    ]
    write(tmp_path, {"t/a.jsonl": "\n".join(json.dumps(row) for row in rows) + "\n\n"})
    documents, skipped = read(
        tmp_path, "t", group_by="field", group_field="who", group_cut=":", license_field="license"
    )
    assert [d.text for d in documents] == ["one", "two\u2028still two", "half \ufffd pair"]
    assert [d.group for d in documents] == ["ann", "ann", "mine"]
    assert [d.license for d in documents] == ["CC0", "mine", "mine"]
    assert skipped == {"unusable row: empty": 1}


def test_a_row_is_its_own_group_by_content(tmp_path: Path) -> None:
    write(tmp_path, {"t/a.jsonl": '{"text": "one"}\n{"text": "two"}', "u/a.jsonl": '{"text": "two"}'})
    one, two = (d.group for d in read(tmp_path, "t", group_by="row")[0])
    assert one != two
    assert [d.group for d in read(tmp_path, "u", group_by="row")[0]] == [two]


def test_the_poet_under_the_title_is_the_group(tmp_path: Path) -> None:
    write(tmp_path, {"t/a.jsonl": '{"text": "靜夜思\\n李白\\n床前明月光"}\n{"text": "句"}'})
    documents, _ = read(tmp_path, "t", lang="chinese", document="verse", group_by="line")
    assert [d.group for d in documents] == ["mine/李白", "mine"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[1]", "list, not a JSON object"),
        ('{"body": "x"}', r"no text in `text` \(keys: body\)"),
        ('{"text": 3}', "no text in `text`"),
    ],
)
def test_a_bad_row_is_named(line: str, said: str, tmp_path: Path) -> None:
    write(tmp_path, {"t/a.jsonl": '{"text": "fine"}\n' + line})
    with pytest.raises(LabError, match=rf"mine: a\.jsonl:2 .*{said}"):
        read(tmp_path, "t")


def test_the_shapes_of_conversations(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
        {"instruction": "Add.", "input": "1 and 2", "output": "3"},
        {"instruction": "Smile.", "input": "", "output": ":)"},
        {"instruction": "Sort.", "instances": [{"input": "b a", "output": "a b"}, {"input": "x", "output": "y"}]},
        {"instruction": "Say nothing.", "output": ""},
    ]
    write(tmp_path, {"t/a.jsonl": "\n".join(json.dumps(row) for row in rows)})
    documents, skipped = read(tmp_path, "t", document="dialogue")
    assert [d.text for d in documents] == [
        "User: Hi\n\nAssistant: Hello",
        "User: Add.\n\n1 and 2\n\nAssistant: 3",
        "User: Smile.\n\nAssistant: :)",
        "User: Sort.\n\nb a\n\nAssistant: a b",
    ]
    assert sum(skipped.values()) == 1
    write(tmp_path, {"t/a.jsonl": '{"question": "x"}'})
    with pytest.raises(LabError, match="no conversation"):
        read(tmp_path, "t", document="dialogue")


def test_splitting_into_lines_and_blocks(tmp_path: Path) -> None:
    write(tmp_path, {"t/a.txt": "one\ntwo\n\n\nthree\n \nfour is long"})
    assert [d.text for d in read(tmp_path, "t", split="lines")[0]] == ["one", "two", "three", "four is long"]
    blocks = [d.text for d in read(tmp_path, "t", split="blocks", block_chars=14)[0]]
    assert blocks == ["one\ntwo\n\nthree", "four is long"]


def test_gz_is_unpacked_within_the_limit(tmp_path: Path) -> None:
    write(tmp_path, {"t/a.txt.gz": gzip.compress(b"packed"), "t/b.jsonl.gz": gzip.compress(b'{"text": "row"}')})
    assert [d.text for d in read(tmp_path, "t")[0]] == ["packed", "row"]
    write(tmp_path, {"t/a.txt.gz": gzip.compress(bytes(1_000_000))})
    with pytest.raises(LabError, match="unpacks to more than 10,000 bytes"):
        read(tmp_path, "t")
    write(tmp_path, {"t/a.txt.gz": gzip.compress(b"packed")[:-9]})
    with pytest.raises(LabError, match="not whole gzip"):
        read(tmp_path, "t")


def test_binary_files_are_counted_and_left(tmp_path: Path) -> None:
    write(tmp_path, {"t/a.txt": b"\x00\x01", "t/b.txt": "text", "t/c.txt": " \n"})
    documents, skipped = read(tmp_path, "t")
    assert [d.text for d in documents] == ["text"]
    assert skipped == {"binary file": 1, "empty": 1}


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"secret.txt": "secret", "t/a.txt": "mine"})
    (tmp_path / "t/link.txt").symlink_to(tmp_path / "secret.txt")
    assert [d.text for d in read(tmp_path, "t")[0]] == ["mine"]


def test_nothing_there_and_too_much(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no files at nowhere"):
        read(tmp_path, "nowhere")
    write(tmp_path, {"t/a.txt": "x" * 10_001})
    with pytest.raises(LabError, match="over the limit"):
        read(tmp_path, "t")

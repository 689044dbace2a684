import hashlib

import pytest

from llmlab.artifacts.manifest import check_version, hash_bytes, hash_file, hash_folder, hash_json, read_json


def test_hashes_are_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert hash_bytes(b"abc") == hash_file(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_the_order_of_keys_does_not_matter_but_values_do():
    assert hash_json({"a": 1, "b": [1, 2]}) == hash_json({"b": [1, 2], "a": 1})
    assert len({hash_json(value) for value in ({"a": 1}, {"a": 1.5}, {"a": "1"}, {"b": 1}, [1], {"a": [1]})}) == 6


def test_a_folder_hash_sees_names_places_and_bytes(tmp_path):
    def folder(name, files):
        for path, content in files.items():
            target = tmp_path / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
        return hash_folder(tmp_path / name)

    first = folder("1", {"a": "x", "b/c": "y"})
    assert folder("2", {"b/c": "y", "a": "x"}) == first
    assert folder("3", {"a": "x", "b/d": "y"}) != first
    assert folder("4", {"a": "x", "c": "y"}) != first
    assert folder("5", {"a": "x", "b/c": "z"}) != first


@pytest.mark.parametrize("found", [0, 2, None, "1"])
def test_another_version_is_refused(tmp_path, refuses, found):
    refuses(["f.json", repr(found), "version 1", "rebuild"], check_version, found, 1, tmp_path / "f.json", "rebuild it")
    check_version(1, 1, tmp_path, "")


def test_json_that_is_missing_or_broken_names_the_stage(tmp_path, refuses):
    path = tmp_path / "f.json"
    refuses(["f.json", "missing", "dvc repro sft"], read_json, path, "sft")
    for content in (b"{", b"\xff\xfe", b""):
        path.write_bytes(content)
        refuses(["f.json", "JSON", "dvc repro -f sft"], read_json, path, "sft")
    path.write_text('{"a": [1, null]}')
    assert read_json(path, "sft") == {"a": [1, None]}

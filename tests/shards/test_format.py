import struct

import numpy as np
import pytest

from llmlab.shards.format import EncodedDocument, read_shard, write_shard

HASH = "0123456789abcdef" * 4
DOCUMENTS = [
    EncodedDocument("a", "english", "prose", 10, [1, 2, 65_535]),
    EncodedDocument("b", "chinese", "verse", 0, []),
    EncodedDocument("c", "smalltalk", "code", 7, [4]),
]


@pytest.fixture
def folder(tmp_path):
    write_shard(tmp_path / "train", DOCUMENTS, HASH, 65_536)
    return tmp_path / "train"


def test_what_is_written_is_read(folder):
    shard = read_shard(folder, HASH)
    assert shard.ids.tolist() == [1, 2, 65_535, 4]
    assert shard.starts.tolist() == [0, 3, 3]
    assert shard.text_bytes.tolist() == [10, 0, 7]
    assert (shard.languages, shard.kinds) == (["english", "chinese", "smalltalk"], ["prose", "verse", "code"])
    assert shard.document_ids == ["a", "b", "c"]
    assert [shard.document(n).tolist() for n in range(3)] == [[1, 2, 65_535], [], [4]]
    assert isinstance(shard.ids, np.memmap)


def test_the_header_byte_by_byte(folder):
    raw = (folder / "ids.bin").read_bytes()
    assert raw[:8] == b"LLMSHARD"
    assert struct.unpack("<IIQ", raw[8:24]) == (1, 2, 4)
    assert raw[24:56] == bytes.fromhex(HASH)
    assert raw[56:80] == bytes(24)
    assert raw[80:] == struct.pack("<4H", 1, 2, 65_535, 4)


@pytest.mark.parametrize(("vocab", "width"), [(65_536, 2), (65_537, 4)])
def test_ids_take_two_bytes_while_they_fit(tmp_path, vocab, width):
    largest = vocab - 1
    write_shard(tmp_path, [EncodedDocument("a", "l", "prose", 1, [0, largest])], HASH, vocab)
    shard = read_shard(tmp_path, HASH)
    assert shard.ids.dtype.itemsize == width
    assert shard.ids.tolist() == [0, largest]


def test_an_id_beyond_the_vocabularys_type_never_wraps_around(tmp_path):
    with pytest.raises(OverflowError):
        write_shard(tmp_path, [EncodedDocument("a", "l", "prose", 1, [65_536])], HASH, 60_000)


def test_no_document_is_a_shard_too(tmp_path):
    assert write_shard(tmp_path, [], HASH, 100) == 0
    shard = read_shard(tmp_path, HASH)
    assert (len(shard.ids), len(shard.starts), shard.languages) == (0, 0, [])


def test_equal_documents_give_equal_bytes(folder, tmp_path):
    write_shard(tmp_path / "again", iter(DOCUMENTS), HASH, 65_536)
    for name in ("ids.bin", "documents.parquet"):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


@pytest.mark.parametrize("cut", [1, 2, 7])
def test_a_truncated_shard_is_refused(folder, refuses, cut):
    path = folder / "ids.bin"
    path.write_bytes(path.read_bytes()[:-cut])
    refuses(["ids.bin", "truncated", str(88 - cut), "88", "dvc repro -f shard"], read_shard, folder, HASH)


def test_a_shard_that_is_too_long_is_refused(folder, refuses):
    path = folder / "ids.bin"
    path.write_bytes(path.read_bytes() + b"\0\0")
    refuses(["ids.bin", "90", "88"], read_shard, folder, HASH)


@pytest.mark.parametrize("content", [b"", b"LLMSHARD", b"PAR1" + bytes(200)])
def test_what_is_no_shard_is_refused(folder, refuses, content):
    (folder / "ids.bin").write_bytes(content)
    refuses(["ids.bin", "not a shard", "dvc repro -f shard"], read_shard, folder, HASH)


@pytest.mark.parametrize("version", [0, 2, 2**32 - 1])
def test_another_version_is_refused(folder, refuses, version):
    path = folder / "ids.bin"
    raw = path.read_bytes()
    path.write_bytes(raw[:8] + struct.pack("<I", version) + raw[12:])
    refuses(["ids.bin", f"version {version}", "version 1", "dvc repro -f shard"], read_shard, folder, HASH)


def test_another_tokenizer_is_refused_with_both_hashes(folder, refuses):
    refuses(["ids.bin", HASH[:12], "ffffffffffff", "dvc repro shard"], read_shard, folder, "f" * 64)


@pytest.mark.parametrize("name", ["ids.bin", "documents.parquet"])
def test_a_missing_file_names_itself_and_the_stage(folder, refuses, name):
    (folder / name).unlink()
    refuses([name, "missing", "dvc repro shard"], read_shard, folder, HASH)


def test_a_torn_index_is_refused(folder, refuses):
    path = folder / "documents.parquet"
    path.write_bytes(path.read_bytes()[:100])
    refuses(["documents.parquet", "dvc repro -f shard"], read_shard, folder, HASH)

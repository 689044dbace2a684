import json

import pytest

from llmlab.tokenizer.base import save_tokenizer, tokenizer_hash
from llmlab.tokenizer.table import load_tokenizer


@pytest.fixture(params=["spm", "char"])
def folder(request, tmp_path, tokenizer, char_tokenizer):
    save_tokenizer({"spm": tokenizer, "char": char_tokenizer}[request.param], tmp_path)
    return tmp_path


def change(folder, **facts):
    path = folder / "tokenizer.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **facts}), encoding="utf-8")


def test_saved_and_loaded_gives_the_same_ids(tmp_path, tokenizer, char_tokenizer, strings):
    for number, each in enumerate((tokenizer, char_tokenizer)):
        (tmp_path / str(number)).mkdir()
        save_tokenizer(each, tmp_path / str(number))
        loaded = load_tokenizer(tmp_path / str(number))
        texts = strings[:1000] if each.kind == "spm" else ["The fox", "从前有", "[ balance ]\n"]
        assert loaded.encode_batch(texts) == each.encode_batch(texts)
        assert loaded.special == each.special
        assert tokenizer_hash(loaded) == tokenizer_hash(each)
        assert loaded.kind == each.kind


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer.model"])
def test_a_missing_file_names_itself_and_the_stage(folder, refuses, name):
    (folder / name).unlink()
    refuses([name, "missing", "dvc repro train_tokenizer"], load_tokenizer, folder)


def test_a_truncated_model_is_refused(folder, refuses):
    model = folder / "tokenizer.model"
    model.write_bytes(model.read_bytes()[:-1])
    refuses(["tokenizer.model", "truncated or changed", "dvc repro -f train_tokenizer"], load_tokenizer, folder)


def test_a_changed_model_or_hash_is_refused(folder, refuses):
    model = folder / "tokenizer.model"
    whole = model.read_bytes()
    model.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    refuses(["tokenizer.model"], load_tokenizer, folder)
    model.write_bytes(whole)
    load_tokenizer(folder)
    change(folder, model_sha256="0" * 64)
    refuses(["tokenizer.model", "sha256"], load_tokenizer, folder)


def test_an_unknown_kind_is_refused(folder, refuses):
    change(folder, kind="unigram")
    refuses([str(folder), "'unigram'", "train_tokenizer"], load_tokenizer, folder)


@pytest.mark.parametrize("version", [0, 2, None, "1"])
def test_an_unknown_format_version_is_refused(folder, refuses, version):
    change(folder, version=version)
    refuses(["tokenizer.json", repr(version), "dvc repro -f train_tokenizer"], load_tokenizer, folder)


def test_a_description_without_its_keys_is_refused(folder, refuses):
    (folder / "tokenizer.json").write_text('{"version": 1}')
    refuses(["tokenizer.model"], load_tokenizer, folder)

import json
from typing import get_args, get_type_hints

import pytest

from llmlab.tokenizer.base import TokenizerConfig, save_tokenizer, tokenizer_hash
from llmlab.tokenizer.special import special_tokens
from llmlab.tokenizer.table import DOMAINS, load_tokenizer, train_tokenizer

KINDS = get_args(get_type_hints(TokenizerConfig)["kind"])


@pytest.fixture(scope="module")
def trained(prose):
    """One tokenizer of every kind."""
    languages = ["smalltalk", "english", "chinese"]
    return {kind: train_tokenizer(prose, TokenizerConfig(kind=kind, vocab_size=700), languages) for kind in KINDS}


@pytest.fixture(params=["spm", "bpe", "byte", "char"])
def folder(request, tmp_path, trained):
    save_tokenizer(trained[request.param], tmp_path)
    return tmp_path


def change(folder, **facts):
    path = folder / "tokenizer.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **facts}), encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_obeys_the_protocol(trained, prose, strings, kind):
    each = trained[kind]
    texts = prose if kind == "char" else [*prose, *strings[:500]]
    assert each.kind == kind
    assert each.encode_batch(texts) == [each.encode(text) for text in texts]
    special = set(each.special.values())
    for text, ids in zip(texts, each.encode_batch(texts), strict=True):
        assert each.decode(ids) == text
        if kind not in DOMAINS or DOMAINS[kind].rewrite(text) == text:
            assert b"".join(map(each.token_bytes, ids)).decode() == text
        assert all(0 <= token < each.vocab_size for token in ids)
        assert not special.intersection(ids)
    assert list(each.special) == special_tokens(["smalltalk", "english", "chinese"])
    if kind not in ("byte", "char"):
        assert each.vocab_size == 700


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded_gives_the_same_ids(tmp_path, trained, prose, kind):
    each = trained[kind]
    save_tokenizer(each, tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert loaded.encode_batch(prose) == each.encode_batch(prose)
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
    change(folder, kind="morphemes")
    refuses([str(folder), "'morphemes'", "train_tokenizer"], load_tokenizer, folder)


@pytest.mark.parametrize("version", [0, 2, None, "1"])
def test_an_unknown_format_version_is_refused(folder, refuses, version):
    change(folder, version=version)
    refuses(["tokenizer.json", repr(version), "dvc repro -f train_tokenizer"], load_tokenizer, folder)


def test_a_description_without_its_keys_is_refused(folder, refuses):
    (folder / "tokenizer.json").write_text('{"version": 1}')
    refuses(["tokenizer.model"], load_tokenizer, folder)

import json

from llmlab.artifacts.manifest import hash_bytes
from llmlab.tokenizer.base import TokenizerConfig, describe, save_tokenizer, tokenizer_hash
from llmlab.tokenizer.char import train_char
from llmlab.tokenizer.spm import train_spm


def test_the_folder_describes_its_tokenizer(tokenizer, tmp_path):
    save_tokenizer(tokenizer, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tokenizer.json", "tokenizer.model"]
    facts = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    assert facts == describe(tokenizer)
    assert facts["kind"] == "spm"
    assert facts["vocab_size"] == 420
    assert facts["special"]["<|bos|>"] == 1
    assert facts["model_sha256"] == hash_bytes((tmp_path / "tokenizer.model").read_bytes())


def test_the_hash_changes_with_everything_that_decides_ids(tokenizer, char_tokenizer):
    text = ["The fox met the crow. " * 20]
    others = [
        train_spm(text, TokenizerConfig(vocab_size=318), ["english"]),
        train_spm(text, TokenizerConfig(vocab_size=319), ["english"]),
        train_spm(text, TokenizerConfig(vocab_size=318), ["chinese"]),
        train_char(["ab"], ["english"]),
        train_char(["abc"], ["english"]),
        train_char(["ab"], ["english", "chinese"]),
    ]
    hashes = {tokenizer_hash(each) for each in [tokenizer, char_tokenizer, *others]}
    assert len(hashes) == 8
    assert all(len(each) == 64 for each in hashes)
    assert tokenizer_hash(train_char(["ba"], ["english"])) == tokenizer_hash(others[3])

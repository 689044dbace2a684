"""A tiny subject: three languages, a few documents each, untrained models, a real tokenizer and a real n-gram."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document, make_document
from llmlab.evals.kneser_ney import KneserNey
from llmlab.evals.subject import Subject
from llmlab.model.transformer import Transformer
from llmlab.shards.encode import ShardConfig, encode_documents
from llmlab.shards.format import Shard, read_shard, write_shard
from llmlab.smalltalk.records import ClassRecord, MethodRecord
from llmlab.smalltalk.rendering import render_class
from llmlab.tokenizer.base import Tokenizer, tokenizer_hash
from llmlab.tokenizer.special import BOS

LANGUAGES = ["smalltalk", "english", "chinese"]
METHODS = {
    "balance": "balance\n\t^ balance",
    "deposit:": 'deposit: amount\n\t"Put in."\n\tbalance := balance + amount.\n\t^ balance',
    "isEmpty": "isEmpty\n\t^ balance = 0 or: [ self isClosed ]",
    "close": "close",
    "dollar": "dollar\n\t^ $ ",
    "brackets": "brackets\n\t^ ']' , (String with: $]) \"]\"",
    "+": "+ other\n\t^ self deposit: other balance",
}
ENGLISH = (
    "The old lighthouse keeper climbed the stairs every evening, and every evening the sea was there before him. "
    "A fox met a crow by the river and asked her what was in the bread, but the crow said nothing at all to the fox. "
)
CHINESE = "从前有一个小村庄，村里的人每天早上去河边打水。河水很清，鱼很多，孩子们很高兴。" * 3
DIALOGUE = "User: What is in the bread?\n\nAssistant: Nothing at all."


def class_text(name: str, selectors: Sequence[str] = tuple(METHODS), comment: str = "I keep money.") -> str:
    methods = [
        MethodRecord(name, "class" if selector == "close" else "instance", "all of it", selector, METHODS[selector])
        for selector in selectors
    ]
    return render_class(
        ClassRecord(
            name=name,
            superclass="Object",
            instance_variables=("balance",),
            category="Bank",
            comment=comment,
            methods=tuple(methods),
        )
    )


def document(text: str, lang: str, kind: str = "prose") -> Document:
    return make_document(lang=lang, kind=kind, text=text, source="made", group="g")


@pytest.fixture(scope="session")
def make_shard(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[Document], Tokenizer], Shard]:
    def make(documents: Sequence[Document], tokenizer: Tokenizer) -> Shard:
        folder = tmp_path_factory.mktemp("shard")
        encoded = encode_documents(documents, tokenizer, ShardConfig())
        write_shard(folder, encoded, tokenizer_hash(tokenizer), tokenizer.vocab_size)
        return read_shard(folder, tokenizer_hash(tokenizer))

    return make


@pytest.fixture(scope="session")
def train_documents() -> list[Document]:
    return [
        document(class_text("Account"), "smalltalk", "code"),
        document(class_text("Purse", ["balance", "isEmpty"]), "smalltalk", "code"),
        document(ENGLISH * 2, "english"),
        document(DIALOGUE, "english", "dialogue"),
        document(CHINESE, "chinese"),
    ]


@pytest.fixture(scope="session")
def test_documents() -> list[Document]:
    return [
        document(class_text("Vault"), "smalltalk", "code"),
        document("In the evening " + ENGLISH * 2, "english"),
        document("One morning " + ENGLISH * 2, "english"),
        document(DIALOGUE.replace("bread", "river"), "english", "dialogue"),
        document("春天" + CHINESE, "chinese"),
    ]


@pytest.fixture(scope="session")
def subject(
    tokenizer: Tokenizer,
    make_model: Callable[..., Transformer],
    make_shard: Callable[..., Shard],
    train_documents: list[Document],
    test_documents: list[Document],
) -> Subject:
    models = [make_model(vocab=tokenizer.vocab_size, seed=seed, depth=1, context=64) for seed in range(3)]
    train = make_shard(train_documents, tokenizer)
    ids = [train.document(index) for index in range(len(train.starts))]
    return Subject(
        languages=LANGUAGES,
        tokenizer=tokenizer,
        base=models[0],
        chat=models[1],
        baseline=KneserNey(ids, tokenizer.vocab_size, 3, tokenizer.special[BOS]),
        test=make_shard(test_documents, tokenizer),
        training_ids=train.ids,
        train_documents=train_documents,
        test_documents=test_documents,
        milestones={2: models[2], 10: models[0]},
    )


@pytest.fixture(scope="session")
def without(subject: Subject, make_shard: Callable[..., Shard]) -> Callable[[str], Subject]:
    """The subject with no test document of a language."""

    def make(lang: str) -> Subject:
        kept = [item for item in subject.test_documents if item.lang != lang]
        return replace(subject, test_documents=kept, test=make_shard(kept, subject.tokenizer))

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path

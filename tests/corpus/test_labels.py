from collections.abc import Callable

from llmlab.artifacts.documents import Document
from llmlab.corpus.labels import Labels


def test_labels_are_counted_as_documents_pass(make: Callable[..., Document]) -> None:
    documents = [
        make("Write to <email> or <email>, or call <phone>.", license="CC BY-SA 3.0 (Wikipedia)"),
        make("漢字", lang="chinese", meta={"script": "Hant"}, license="MIT"),
        make("x <b>y</b>", license="no idea"),
    ]
    labels = Labels()
    assert list(labels.read(documents)) == documents
    assert labels.report() == {
        "licences": {"CC-BY-SA": 1, "MIT": 1, "unknown": 1},
        "scripts": {"Hant": 1},
        "hidden": {"email": 2, "phone": 1},
    }

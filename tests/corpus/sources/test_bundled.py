from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.corpus.catalog import load_catalog
from llmlab.corpus.sources import bundled
from llmlab.corpus.sources.base import ReadContext

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("name", "lang"), [("bundled-smalltalk", "smalltalk"), ("bundled-english", "english")])
def test_the_group_is_the_folder(name: str, lang: str, tmp_path: Path) -> None:
    source = load_catalog()[name]
    documents = list(bundled.read(source, ReadContext(lang=lang, cache=tmp_path, root=ROOT)))
    assert len(documents) > 20
    assert all(document.group == document.path.split("/")[0] for document in documents)
    assert all(document.license == "CC0-1.0" for document in documents)
    assert not any(document.path.endswith("package.st") for document in documents)


def test_instructions_carry_their_group(tmp_path: Path) -> None:
    path = tmp_path / "data/bundled/english/instructions-sums.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(
        '{"group": "sums", "messages": [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}]}\n',
        encoding="utf-8",
    )
    source = load_catalog()["bundled-english-instructions"]
    (document,) = bundled.read(source, ReadContext(lang="english", cache=tmp_path, root=tmp_path))
    assert (document.group, document.kind, document.text) == ("sums", "dialogue", "User: 1+1?\n\nAssistant: 2")


def test_a_missing_folder_names_the_mending_command(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="git checkout data/bundled"):
        list(
            bundled.read(load_catalog()["bundled-english"], ReadContext(lang="english", cache=tmp_path, root=tmp_path))
        )

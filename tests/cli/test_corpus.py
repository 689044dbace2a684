import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from llmlab.artifacts.params import load_section
from llmlab.corpus.scrape import ScrapeConfig, scrape

STORY = "The {0} keeper climbed the stairs every evening, and every evening he saw {0} ships go by.\n"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Eighty short texts, enough for every set to get some."""
    folder = tmp_path / "texts"
    (folder / "more").mkdir(parents=True)
    for number in range(80):
        place = folder / ("more" if number % 2 else ".") / f"{number:02}.txt"
        place.write_text(STORY.format(number), encoding="utf-8")
    (folder / ".hidden.txt").write_text("secret", encoding="utf-8")
    (folder / "notes.doc").write_text("not matched", encoding="utf-8")
    return folder


def params(project: Path) -> dict[str, object]:
    values: dict[str, object] = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    return values


def test_added_corpus_is_what_scrape_reads(works: Callable[..., str], project: Path, texts: Path) -> None:
    text = works("corpus", "add", "letters", str(texts), "--lang", "english", "--license", "mine: all of it")
    assert "80 files" in text
    assert "80 documents" in text
    assert "dvc repro" in text
    config = load_section(project / "params.yaml", "scrape.english", ScrapeConfig)
    own = ScrapeConfig(sources=config.sources[-1:])
    found = list(scrape("english", own, project / "cache", root=project))
    assert sorted(document.text for document in found) == sorted(STORY.format(number) for number in range(80))
    assert {document.license for document in found} == {"mine: all of it"}
    assert len({document.group for document in found}) == 80


def test_only_the_new_lines_are_new(works: Callable[..., str], project: Path, texts: Path) -> None:
    before = (project / "params.yaml").read_text(encoding="utf-8").splitlines()
    works("corpus", "add", "letters", str(texts), "--lang", "english")
    after = (project / "params.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line in before] == before
    (new,) = [line for line in after if line not in before]
    assert new.startswith("      - {kind: local, name: letters, path: data/own/letters, document: prose, ")


def test_new_language_joins_every_list(works: Callable[..., str], project: Path, texts: Path) -> None:
    text = works("corpus", "add", "maerchen", str(texts), "--lang", "german")
    values = params(project)
    assert values["languages"] == ["smalltalk", "english", "chinese", "german"]
    assert load_section(project / "params.yaml", "scrape.german", ScrapeConfig).sources
    evaluate = values["evaluate"]
    assert isinstance(evaluate, dict)
    assert evaluate["sample_prompts"]["german"] == STORY.format(0)[:30]
    assert "new language" in text


def test_prompt_of_a_new_language_can_be_given(works: Callable[..., str], project: Path, texts: Path) -> None:
    works("corpus", "add", "maerchen", str(texts), "--lang", "german", "--prompt", 'Es war: "einmal"\n')
    evaluate = params(project)["evaluate"]
    assert isinstance(evaluate, dict)
    assert evaluate["sample_prompts"]["german"] == 'Es war: "einmal"\n'


def test_smalltalk_comes_in_its_own_formats(works: Callable[..., str], project: Path, tmp_path: Path) -> None:
    place = tmp_path / "sources/P.package/Point.class"
    (place / "instance").mkdir(parents=True)
    (place / "properties.json").write_text('{"name": "Point", "super": "Pair", "instvars": ["x"]}', encoding="utf-8")
    (place / "instance/x.st").write_text("accessing\nx\n\t^ x", encoding="utf-8")
    (tmp_path / "sources/Loose.cls").write_text("!Point methodsFor!\ny\n\t^y! !\n", encoding="utf-8")
    text = works("corpus", "add", "own", str(tmp_path / "sources"), "--lang", "smalltalk", "--kind", "code")
    assert "2 documents" in text
    assert "warning: taken as prose" not in text
    config = load_section(project / "params.yaml", "scrape.smalltalk", ScrapeConfig)
    own = ScrapeConfig(sources=config.sources[-1:])
    texts = [document.text for document in scrape("smalltalk", own, project / "cache", root=project)]
    # Whole with its properties, which say what no method does.
    assert any("#superclass : 'Pair'" in each and "Point >> x [" in each for each in texts)
    assert any("!Point methodsFor!" in each for each in texts)
    assert "--kind code" in works("corpus", "add", "again", str(tmp_path / "sources"), "--lang", "smalltalk")


def test_remove_undoes_add_to_the_byte(works: Callable[..., str], project: Path, texts: Path) -> None:
    before = (project / "params.yaml").read_bytes()
    works("corpus", "add", "maerchen", str(texts), "--lang", "german")
    works("corpus", "add", "letters", str(texts), "--lang", "english")
    assert "german" in works("corpus", "remove", "maerchen", "--yes")
    works("corpus", "remove", "letters", typed="y\n")
    assert (project / "params.yaml").read_bytes() == before
    assert list((project / "data/own").iterdir()) == []


def test_remove_can_be_declined(
    lab: Callable[..., object], works: Callable[..., str], project: Path, texts: Path
) -> None:
    works("corpus", "add", "letters", str(texts), "--lang", "english")
    assert getattr(lab("corpus", "remove", "letters", typed="n\n"), "exit_code", 0) != 0
    assert (project / "data/own/letters/00.txt").exists()


def test_list(works: Callable[..., str], project: Path, texts: Path) -> None:
    assert "none yet" in works("corpus", "list")
    works("corpus", "add", "letters", str(texts), "--lang", "english")
    (project / "data/own/stray").mkdir()
    text = works("corpus", "list")
    assert "letters: english, prose, 80 files" in text
    assert "stray: not in params.yaml" in text


def test_few_files_are_cut_so_that_every_set_gets_some(
    works: Callable[..., str], project: Path, tmp_path: Path
) -> None:
    book = tmp_path / "book.txt"
    book.write_text("\n\n".join(STORY.format(number) * 12 for number in range(120)), encoding="utf-8")
    text = works("corpus", "add", "book", str(book), "--lang", "english")
    assert "blocks cut" in text
    source = load_section(project / "params.yaml", "scrape.english", ScrapeConfig).sources[-1]
    assert isinstance(source, dict)
    assert (source["split"], source["group_by"]) == ("blocks", "row")
    assert "warning" not in text


def test_a_set_that_stays_empty_is_told(works: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(STORY.format(1), encoding="utf-8")
    assert "will hold none of it" in works("corpus", "add", "one", str(tmp_path / "one.txt"), "--lang", "english")


def test_what_cleaning_will_drop_is_told(works: Callable[..., str], texts: Path) -> None:
    (texts / "tiny.txt").write_text("Hm.", encoding="utf-8")
    assert "1 too short" in works("corpus", "add", "letters", str(texts), "--lang", "english")


def test_other_suffixes_and_encodings(works: Callable[..., str], project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "a.text").write_bytes("Über den Fluß und in die Wälder, jeden Tag aufs neue.".encode("cp1252"))
    works("corpus", "add", "old", str(folder), "--lang", "german", "--glob", "**/*.text", "--encoding", "cp1252")
    config = load_section(project / "params.yaml", "scrape.german", ScrapeConfig)
    (document,) = scrape("german", config, project / "cache", root=project)
    assert document.text.startswith("Über den Fluß")


def test_conversations(works: Callable[..., str], project: Path, tmp_path: Path) -> None:
    rows = [{"instruction": f"What is {n}?", "output": f"It is {n}, a number."} for n in range(60)]
    path = tmp_path / "talks.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    works("corpus", "add", "talks", str(path), "--lang", "english", "--kind", "dialogue")
    config = load_section(project / "params.yaml", "scrape.english", ScrapeConfig)
    found = list(scrape("english", ScrapeConfig(sources=config.sources[-1:]), project / "cache", root=project))
    assert found[0].text == "User: What is 0?\n\nAssistant: It is 0, a number."


def test_existing_name_is_refused_and_replaced_on_request(
    works: Callable[..., str], fails: Callable[..., str], project: Path, texts: Path
) -> None:
    works("corpus", "add", "letters", str(texts), "--lang", "english")
    before = (project / "params.yaml").read_bytes()
    assert "--replace" in fails("corpus", "add", "letters", str(texts), "--lang", "english")
    (texts / "00.txt").unlink()
    assert "79 files" in works("corpus", "add", "letters", str(texts), "--lang", "english", "--replace")
    assert (project / "params.yaml").read_bytes() == before
    assert not (project / "data/own/letters/00.txt").exists()


def test_replacing_the_only_corpus_of_a_language_keeps_its_place(
    works: Callable[..., str], project: Path, texts: Path
) -> None:
    works("corpus", "add", "aa", str(texts), "--lang", "german")
    works("corpus", "add", "bb", str(texts), "--lang", "french", "--new-language")
    before = (project / "params.yaml").read_bytes()
    works("corpus", "add", "aa", str(texts), "--lang", "german", "--replace")
    assert (project / "params.yaml").read_bytes() == before


def test_replacing_can_move_a_corpus_to_another_language(works: Callable[..., str], project: Path, texts: Path) -> None:
    works("corpus", "add", "aa", str(texts), "--lang", "german")
    works("corpus", "add", "aa", str(texts), "--lang", "english", "--replace")
    assert params(project)["languages"] == ["smalltalk", "english", "chinese"]
    assert "aa: english" in works("corpus", "list")


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("letters", ["--lang", "englisch"], ["did you mean `--lang english`", "--new-language"]),
        ("letters", ["--lang", "Ger/man"], ["no name of a language"]),
        ("../up", ["--lang", "english"], ["is no name"]),
        ("bundled-english", ["--lang", "english"], ["catalogue already has"]),
        ("letters", ["--lang", "english", "--glob", "*.pdf"], ["*.pdf", "--glob"]),
        ("letters", ["--lang", "english", "--kind", "poem"], ["--kind"]),
        ("letters", ["--lang", "english", "--encoding", "martian"], ["martian", "--encoding"]),
        ("letters", ["--lang", "english", "--kind", "dialogue"], ["is no conversation", "--kind prose"]),
    ],
)
def test_bad_input_adds_nothing(
    fails: Callable[..., str], project: Path, texts: Path, name: str, options: list[str], said: list[str]
) -> None:
    before = (project / "params.yaml").read_bytes()
    text = fails("corpus", "add", name, str(texts), *options)
    for word in said:
        assert word in text
    assert (project / "params.yaml").read_bytes() == before
    assert list((project / "data/own").iterdir()) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"caf\xe9 \xff", "not utf-8 text"),
        (b"", "hold no text"),
        (b" \n\n ", "hold no text"),
        (b"a\0b", "hold no text"),
    ],
)
def test_files_that_are_no_text(
    fails: Callable[..., str], project: Path, tmp_path: Path, data: bytes, said: str
) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "a.txt").write_bytes(data)
    text = fails("corpus", "add", "bad", str(folder), "--lang", "english")
    assert said in text
    assert list((project / "data/own").iterdir()) == []


def test_missing_and_empty_folders(fails: Callable[..., str], tmp_path: Path) -> None:
    assert "is no folder" in fails("corpus", "add", "a", str(tmp_path / "none"), "--lang", "english")
    (tmp_path / "empty").mkdir()
    assert "no file that matches" in fails("corpus", "add", "a", str(tmp_path / "empty"), "--lang", "english")


def test_links_out_of_the_folder_are_not_followed(works: Callable[..., str], project: Path, texts: Path) -> None:
    (texts.parent / "private.txt").write_text("a secret that is long enough to count", encoding="utf-8")
    (texts / "link.txt").symlink_to(texts.parent / "private.txt")
    works("corpus", "add", "letters", str(texts), "--lang", "english")
    assert not (project / "data/own/letters/link.txt").exists()


def test_remove_of_nothing(fails: Callable[..., str]) -> None:
    for name in ("none", "..", "a/b", ""):
        assert "there is no corpus" in fails("corpus", "remove", name, "--yes")

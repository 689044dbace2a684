import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from llmlab.artifacts.documents import Document, document_id, read_documents, write_documents, write_rows
from llmlab.corpus.census import count_outcomes
from llmlab.corpus.clean import CleanConfig, clean
from llmlab.corpus.dialogue import messages_to_text, text_to_messages
from llmlab.corpus.licences import LicenceConfig
from llmlab.corpus.outcome import DROPPED_COLUMNS, Dropped, Kept, dropped_row
from llmlab.corpus.scrape import ScrapeConfig, scrape
from llmlab.smalltalk.rendering import parse_rendered

Make = Callable[..., Document]
CONFIG = CleanConfig()
ROOT = Path(__file__).parents[2]


def one(document: Document, config: CleanConfig = CONFIG) -> Kept | Dropped:
    (outcome,) = clean([document], config)
    return outcome


def test_disabled_is_the_identity(make: Make) -> None:
    documents = [
        make("\ufeff raw \r\n text \u200b me@example.org"),
        make("x"),
        make("not tonel", lang="smalltalk", kind="code"),
        make("no turns", kind="dialogue"),
    ]
    outcomes = list(clean(documents, CleanConfig(enabled=False)))
    assert [outcome.document for outcome in outcomes] == documents
    assert all(isinstance(outcome, Kept) for outcome in outcomes)


def test_text_is_normalised_scrubbed_and_gets_its_id(make: Make) -> None:
    raw = make("\ufeffWrite to me@example.org,\r\n\r\n\r\n\r\n\r\nor do not.  ")
    outcome = one(raw)
    assert isinstance(outcome, Kept)
    assert outcome.document.text == "Write to <email>,\n\n\nor do not."
    assert outcome.document.id == document_id("english", outcome.document.text)
    assert replace(outcome.document, text=raw.text, id=raw.id) == raw
    assert one(raw, replace(CONFIG, secrets=False)).document.text.startswith("Write to me@example.org")


def test_switches(make: Make) -> None:
    mojibake = make("She said that the cafÃ© was open until nine.")
    assert "cafÃ©" in one(mojibake).document.text
    assert "café" in one(mojibake, replace(CONFIG, mojibake=True)).document.text
    banner = make("Copyright (c) 2020 Somebody\n\nThe story begins on a hill.")
    assert one(banner).document.text == "The story begins on a hill."
    assert one(banner, replace(CONFIG, boilerplate=False)).document.text == banner.text


def test_a_dropped_document_keeps_the_text_it_came_with(make: Make) -> None:
    raw = make("\ufeff tiny ")
    assert one(raw) == Dropped(raw, "clean", "too short")
    code = make("\ufeffno tonel", lang="smalltalk", kind="code")
    assert one(code) == Dropped(code, "clean", "unknown format")


def test_turns_stay_turns_whatever_is_removed_between_them(make: Make) -> None:
    messages = [
        {"role": "user", "content": "First line\n\n\u200bAssistant: not a turn\r\n \r\nUser: nor this"},
        {"role": "assistant", "content": "  Write to me@example.org.  \n"},
    ]
    outcome = one(make(messages_to_text(messages), kind="dialogue"))
    assert isinstance(outcome, Kept)
    assert text_to_messages(outcome.document.text) == [
        {"role": "user", "content": "First line\n\nAssistant: not a turn\n\nUser: nor this"},
        {"role": "assistant", "content": "Write to <email>."},
    ]


def test_a_dialogue_that_is_none_or_becomes_empty_is_dropped(make: Make) -> None:
    for text in ("Hello there, how are you?", "User: Hello, are you there?\n\nAssistant: \u200b\ufeff"):
        assert one(make(text, kind="dialogue")) == Dropped(make(text, kind="dialogue"), "clean", "not a dialogue")


def test_cleaning_twice_changes_nothing(make: Make) -> None:
    texts = ["Some  text \r\n here, and more of it.", "Copyright (c) 2020 X\n\nThe text itself is here."]
    first = [outcome.document for outcome in clean([make(text) for text in texts], CONFIG)]
    assert [outcome.document for outcome in clean(first, CONFIG)] == first


def test_the_bundled_corpus_in_counts(tmp_path: Path) -> None:
    for lang in ("smalltalk", "english", "chinese"):
        documents = list(scrape(lang, ScrapeConfig(sources=[f"bundled-{lang}"]), tmp_path, root=ROOT))
        outcomes = list(clean(documents, CONFIG))
        counts = count_outcomes(outcomes)
        assert counts["in"] == len(documents) == counts["kept"] + counts["dropped"]
        assert counts["kept"] >= 0.98 * len(documents)
        if lang == "smalltalk":
            kept = [outcome.document for outcome in outcomes if isinstance(outcome, Kept)]
            assert all(parse_rendered(document.text).name in document.meta for document in kept)


def test_outcomes_survive_parquet(make: Make, tmp_path: Path) -> None:
    outcomes = list(clean([make("A perfectly good text."), make("x")], CONFIG))
    kept = [outcome.document for outcome in outcomes if isinstance(outcome, Kept)]
    write_documents(tmp_path / "kept.parquet", kept)
    assert list(read_documents(tmp_path / "kept.parquet", "clean")) == kept
    rows = [dropped_row(outcome) for outcome in outcomes if isinstance(outcome, Dropped)]
    assert write_rows(tmp_path / "dropped.parquet", DROPPED_COLUMNS, rows) == 1
    assert set(rows[0]) == set(DROPPED_COLUMNS)
    assert rows[0]["reason"] == "too short"


def test_a_licence_outside_the_policy_is_a_reason(make: Make) -> None:
    unknown = make("A perfectly good text, and nobody knows whose.", license="found somewhere")
    outcome = one(unknown)
    assert outcome == Dropped(unknown, "clean", "licence unknown", "found somewhere")
    anything = replace(CONFIG, licences=LicenceConfig(policy="any"))
    assert isinstance(one(unknown, anything), Kept)


def test_what_is_put_aside_is_scrubbed_too(make: Make) -> None:
    outcome = one(make("Write to me@example.org for more of it.", license="?"))
    assert isinstance(outcome, Dropped)
    assert outcome.document.text == "Write to <email> for more of it."


def test_the_script_of_chinese_is_labelled_and_converted_on_request(make: Make) -> None:
    text = "他說漢字有幾千年的歷史，學習起來不容易，但是很有意思。"
    kept = one(make(text, lang="chinese")).document
    assert (kept.text, json.loads(kept.meta)) == (text, {"script": "Hant"})
    kept = one(make(text, lang="chinese"), replace(CONFIG, script="Hans")).document
    assert kept.text == "他说汉字有几千年的历史，学习起来不容易，但是很有意思。"
    assert kept.id == document_id("chinese", kept.text)
    assert json.loads(kept.meta) == {"script": "Hans"}
    dialogue = make(messages_to_text([{"role": "user", "content": text}]), lang="chinese", kind="dialogue")
    assert "他说汉字" in one(dialogue, replace(CONFIG, script="Hans")).document.text


def test_data_and_accessors_leave_a_class_as_fragments(make: Make) -> None:
    accessors = "".join(f"Foo >> x{number} [\n\t^ x{number}\n]\n\n" for number in range(30))
    head = "\"I am.\"\nClass { #name : #Foo, #superclass : #Object, #instVars : [ 'x1' ], #category : #A }\n\n"
    *fragments, kept = clean([make(head + accessors, lang="smalltalk", kind="code")], CONFIG)
    assert len(fragments) == 6
    assert count_outcomes([*fragments, kept])["fragments"] == {"accessor over the cap": 6}
    assert len(parse_rendered(kept.document.text).methods) == 24

from llmlab.tasks.published import Published
from llmlab.tasks.text_sets import TEXT_SETS, texts_of

WIKITEXT = " \n = First = \n\n Text of it . \n\n = = Part = = \n\n More . \n\n = Second = \n\n Other text . \n"


def test_wikitext_is_cut_at_articles_and_not_at_their_parts() -> None:
    texts = texts_of(TEXT_SETS["wikitext-2"], lambda _: [{"text": WIKITEXT}])
    assert [text.split("\n")[0].strip() for text in texts] == ["= First =", "= Second ="]
    assert "= = Part = =" in texts[0]


def test_a_line_a_row_is_the_same() -> None:
    rows = [{"text": line} for line in WIKITEXT.splitlines(keepends=True)]
    whole = texts_of(TEXT_SETS["wikitext-2"], lambda _: [{"text": WIKITEXT}])
    assert texts_of(TEXT_SETS["wikitext-2"], lambda _: rows) == whole


def test_rows_are_documents_and_empty_ones_none() -> None:
    def find(published: Published) -> list[dict[str, str]]:
        return [{"text": "a"}, {"text": " \n"}, {"text": "b "}]

    assert texts_of(TEXT_SETS["c4"], find) == ["a", "b"]
    assert texts_of(TEXT_SETS["tinystories"], lambda _: [{"text": "one\n\ntwo"}, {"text": "three"}]) == [
        "one",
        "two",
        "three",
    ]


def test_no_two_sets_are_the_same_file() -> None:
    hashes = [item.published.sha256 for item in TEXT_SETS.values()]
    assert len(set(hashes)) == len(hashes)
    assert all(len(sha256) == 64 for sha256 in hashes)

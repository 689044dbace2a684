import pytest

from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.html import UnusablePage, page_text
from llmlab.corpus.web import Page

from .servers import article


def page(body: bytes, kind: str = "text/html", status: int = 200, **headers: str) -> Page:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Page(url="https://x.example/a", status=status, headers={"Content-Type": kind, **named}, body=body)


def test_the_main_part_comes_without_the_menu() -> None:
    text = page_text(page(article("Smalltalk").encode()))
    assert "a paragraph about Smalltalk" in text
    assert "Menu entry" not in text
    assert "<" not in text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (article("消息传递").encode(), "text/html; charset=latin-1"),
        (article("消息传递").replace("utf-8", "gb18030").encode("gb18030"), "text/html"),
        (article("消息传递").encode("gb18030"), "text/html; charset=GB18030"),
        (b"\xef\xbb\xbf" + article("消息传递").encode(), "application/xhtml+xml"),
    ],
)
def test_the_encoding_is_found_and_never_guessed(body: bytes, kind: str) -> None:
    assert "消息传递" in page_text(page(body, kind))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (page(b"", status=404), "gone"),
        (page(b"", status=410), "gone"),
        (page(b"%PDF", "application/pdf"), "no HTML"),
        (page(article("x").encode(), ""), "no HTML"),
        (page(article("x").encode(), X_Robots_Tag="noindex"), "not to be indexed"),
        (page(article("x", '<meta name="robots" content="noindex, follow">').encode()), "not to be indexed"),
        (page(b"<html><body>\xff\xfe caf\xe9</body></html>"), "unknown encoding"),
        (page(article("caf\xe9 \x81").encode("latin-1"), "text/html; charset=cp1252"), "encoding it declares"),
        (page(article("caf\xe9").replace("utf-8", "").encode("latin-1"), "text/html; charset=nope"), "it declares"),
        (page(b"<html><body></body></html>"), "without text"),
    ],
)
def test_a_page_that_is_left_out_says_why(given: Page, said: str) -> None:
    with pytest.raises(UnusablePage, match=said):
        page_text(given)


@pytest.mark.parametrize(
    "given", [page(article("x").encode()[:-20]), page(article("x").encode(), status=403), page(b"", status=500)]
)
def test_what_another_day_may_mend_is_an_error(given: Page) -> None:
    with pytest.raises(LabError, match=r"cut short|status"):
        page_text(given)

from html.parser import HTMLParser

from llmlab.viz.corpus_page import write_corpus_page
from llmlab.viz.drops import read_drops
from llmlab.viz.results import read_results
from tests.viz.made import LANGUAGES


class Page(HTMLParser):
    """Tags and text of a page; tags that open and do not close fail."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
        self.attributes = []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *each) for each in attrs]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def made(project, languages=LANGUAGES) -> Page:
    data = project / "data"
    drops = read_drops(data / "dropped", data / "dedup", data / "decontaminated")
    write_corpus_page(read_results(project / "metrics", languages), drops, project / "corpus.html")
    return Page((project / "corpus.html").read_text(encoding="utf-8"))


def test_the_page_tells_what_happened_in_every_language(project):
    page = made(project)
    text = "\n".join(page.texts)
    assert page.open == []
    assert page.tags.count("section") == 3
    for word in (
        "chinese 中文",
        "too short",
        "5 in cleaning, 3 shown",
        "near copy",
        "broken method",
        "CC0-1.0",
        "email",
    ):
        assert word in text
    assert "binary file 3, on the removal list 2" in text
    assert "1,307" in text  # clean documents of the first source


def test_chinese_texts_are_marked_as_such(project):
    page = made(project)
    assert ("article", "lang", "zh-Hans") in page.attributes
    assert any("春天来了" in text for text in page.texts)


def test_what_documents_hold_is_shown_and_not_run(project):
    page = made(project)
    assert "script" not in page.tags
    assert any("<script>alert('x')</script>" in text for text in page.texts)


def test_nothing_is_loaded_from_anywhere(project):
    page = made(project)
    assert not [each for each in page.attributes if each[1] in ("src", "href")]
    policy = [value for _, name, value in page.attributes if name == "content" and "default-src" in (value or "")]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert "://" not in (project / "corpus.html").read_text(encoding="utf-8")


def test_a_language_without_figures_says_so(project):
    assert any("Nothing was dropped" in text for text in made(project, ["klingon"]).texts)

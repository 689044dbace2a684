import json
from html.parser import HTMLParser

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.viz.pages import write_page
from llmlab.viz.samples import Samples, read_samples
from tests.viz.made import HOSTILE, LANGUAGES, write

VOID = {"meta", "br", "link", "img"}


class Balance(HTMLParser):
    """Collects tags and text, and fails on a tag that closes another."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.said = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said += data


def parsed(path):
    page = Balance()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    assert page.open == []
    return page


def test_the_page_shows_every_sample_and_needs_nothing_from_outside(project):
    path = project / "samples.html"
    write_page(read_samples(project / "data" / "samples.json"), LANGUAGES, path)
    page = parsed(path)
    for text in (
        "step 1,200",
        "final",
        "The old man",
        "春天来了",
        "你好！我叫小实验。",
        "chinese 中文",
        "✓ valid",
        "✗ does not parse",
    ):
        assert text in page.said
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe"}
    assert not any("src" in attributes or "href" in attributes for _, attributes in page.tags)
    text = path.read_text(encoding="utf-8")
    assert "http:" not in text
    assert "https:" not in text
    assert "prefers-color-scheme: dark" in text
    assert any(attributes.get("lang") == "zh-Hans" for _, attributes in page.tags)


def test_the_same_bytes_twice(project):
    for name in ("a", "b"):
        write_page(read_samples(project / "data" / "samples.json"), LANGUAGES, project / f"{name}.html")
    assert (project / "a.html").read_bytes() == (project / "b.html").read_bytes()


def test_hostile_text_stays_text_wherever_it_stands(tmp_path):
    bad = HOSTILE + "</p></div>$body${x}\ud800"
    path = tmp_path / "samples.json"
    write(
        path,
        {
            "samples": [{"step": bad, "lang": bad, "prompt": bad, "text": bad}],
            "chat": [{"lang": "'><script>", "question": bad, "answer": bad}],
            "completions": [{"signature": bad, "written": bad, "real": bad, "valid": True}],
        },
    )
    write_page(read_samples(path), [], tmp_path / "page.html")
    page = parsed(tmp_path / "page.html")
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.said.count("<script>alert('x')</script>") == 8
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "\u202e" not in text
    assert "\x07" not in text


def test_nothing_to_show_is_said(tmp_path):
    write_page(Samples(), LANGUAGES, tmp_path / "page.html")
    assert "No samples yet" in parsed(tmp_path / "page.html").said


def test_a_language_without_a_sample_at_some_step(tmp_path):
    rows = [
        {"step": 10, "lang": "english", "prompt": "A", "text": " b"},
        {"step": 2, "lang": "french", "prompt": "", "text": "c"},
    ]
    write(tmp_path / "s.json", {"samples": rows})
    samples = read_samples(tmp_path / "s.json")
    assert samples.steps() == [2, 10]
    write_page(samples, ["english"], tmp_path / "page.html")
    said = parsed(tmp_path / "page.html").said
    assert said.index("step 2") < said.index("step 10")
    assert "no sample" in said
    assert "french français" in said


def test_a_text_that_repeats_its_prompt_shows_it_once(tmp_path):
    write(tmp_path / "s.json", {"samples": [{"step": "10", "lang": "english", "prompt": "A", "text": "A b"}]})
    (sample,) = read_samples(tmp_path / "s.json").samples
    assert (sample.step, sample.text) == (10, " b")


@pytest.mark.parametrize(
    "tree", [[], {"samples": [{"step": 1}]}, {"samples": "x"}, {"chat": [{"lang": "a", "question": 1, "answer": ""}]}]
)
def test_a_file_of_another_form_is_refused(tree, tmp_path):
    (tmp_path / "s.json").write_text(json.dumps(tree))
    with pytest.raises(LabError, match="evaluate"):
        read_samples(tmp_path / "s.json")

from itertools import pairwise

from llmlab.viz.token_page import Cut, write_token_page
from tests.viz.test_corpus_page import Page

TEXT = "a<b> 从🙂\n\x01\n"
WHOLE = Cut(
    name="models/<one>",
    about="bpe",
    ids=[7, 1, 13, 2],
    pieces=[b"a<b>", " 从".encode(), "🙂\n".encode(), b"\x01\n"],
    merges={7: [(b"a", b"<"), (b"b", b">"), (b"a<", b"b>")]},
)
BYTES = Cut(name="byte", about="byte", ids=list(TEXT.encode()), pieces=[bytes([b]) for b in TEXT.encode()], merges={})


def page(tmp_path, *cuts, note=""):
    path = tmp_path / "tokens.html"
    write_token_page(cuts, path, note)
    return path.read_text(encoding="utf-8")


def marks(source):
    """Text of each token, and its title."""
    texts, titles = [], []
    for part in source.split("<i class=")[1:]:
        body = part.partition(">")[2].partition("</i>")[0]
        texts.append(body)
        titles.append(part.partition('title="')[2].partition('"')[0])
    return texts, titles


def test_the_page_is_whole_and_needs_no_network(tmp_path):
    source = page(tmp_path, WHOLE, BYTES, note="the first 10 of 20 characters")
    parsed = Page(source)
    assert parsed.open == []
    assert parsed.tags.count("section") == 2
    assert "script" not in parsed.tags
    assert "http" not in source.replace("http-equiv", "")
    assert not [value for _, name, value in parsed.attributes if name in ("src", "href")]
    assert "the first 10 of 20 characters" in source
    assert "models/<one>" in "".join(parsed.texts)


def test_every_token_shows_its_text(tmp_path):
    texts, _ = marks(page(tmp_path, WHOLE))
    assert texts == ["a&lt;b&gt;", " 从", "🙂<u>⏎</u>\n", "<u>01</u><u>⏎</u>\n"]


def test_bytes_of_a_cut_character_are_shown_in_hexadecimal(tmp_path):
    texts, _ = marks(page(tmp_path, BYTES))
    assert len(texts) == len(TEXT.encode())
    assert texts[5:8] == ["<u>e4</u>", "<u>bb</u>", "<u>8e</u>"]


def test_a_title_tells_id_bytes_count_and_merges(tmp_path):
    _, titles = marks(page(tmp_path, WHOLE))
    lines = titles[0].split("&#10;")
    assert lines[:2] == ["id 7 · once here", "bytes 61 3c 62 3e"]
    assert lines[2] == "&#x27;a&#x27; + &#x27;&lt;&#x27;"
    assert len(lines) == 5
    _, titles = marks(page(tmp_path, Cut(name="n", about="k", ids=[5, 5], pieces=[b"x", b"x"], merges={})))
    assert titles[0].startswith("id 5 · 2 times here")


def test_long_histories_are_cut_and_say_so(tmp_path):
    many = [(b"a" * n, b"a") for n in range(1, 21)]
    _, titles = marks(page(tmp_path, Cut(name="n", about="k", ids=[5], pieces=[b"a" * 21], merges={5: many})))
    assert "(8 earlier merges)" in titles[0]
    assert titles[0].count(" + ") == 12


def test_neighbours_have_different_colours(tmp_path):
    cut = Cut(name="n", about="k", ids=[1, 1, 7, 13, 2, 2], pieces=[b"x"] * 6, merges={})
    classes = [part[:2] for part in page(tmp_path, cut).split('<i class="')[1:]]
    assert all(a != b for a, b in pairwise(classes))


def test_a_selector_tells_the_tokens_of_its_keywords(tmp_path):
    linked = Cut(name="n", about="k", ids=[5], pieces=[b"#at:put:"], merges={}, links={5: [b"at:", b" put:"]})
    _, titles = marks(page(tmp_path, linked))
    assert titles[0].split("&#10;")[-1] == "in a message &#x27;at:&#x27; … &#x27; put:&#x27;"

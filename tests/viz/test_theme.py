import matplotlib
import pytest
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageChops

from llmlab.viz import theme
from llmlab.viz.theme import font_path, language_style, register_font, save_picture


def say(text):
    return lambda figure: figure.text(0.1, 0.3, text, fontsize=60)


@pytest.fixture
def forget_font():
    register_font.cache_clear()
    yield
    register_font.cache_clear()


def test_chinese_glyphs_are_real_and_not_the_box(tmp_path):
    font = FT2Font(str(font_path()))
    assert all(font.get_char_index(ord(character)) for character in "中文你好")
    pictures = {}
    for name, text in (("zhong", "中"), ("wen", "文"), ("kong", "空")):
        save_picture(tmp_path / f"{name}.png", (2, 1), say(text))
        pictures[name] = Image.open(tmp_path / f"{name}.png").convert("L")
    # Missing glyphs all look alike: the same box.
    assert ImageChops.difference(pictures["zhong"], pictures["wen"]).getbbox() is not None
    assert ImageChops.difference(pictures["zhong"], pictures["kong"]).getbbox() is not None


def test_a_glyph_that_no_font_has_would_be_noticed(tmp_path):
    with pytest.warns(UserWarning, match="Glyph .* missing"):
        save_picture(tmp_path / "x.png", (2, 1), say("\U00013000"))


def test_without_the_font_one_line_says_so_and_the_picture_is_still_drawn(tmp_path, monkeypatch, capsys, forget_font):
    monkeypatch.setattr(theme, "_FONT_FILE", "mplfonts/fonts/none.otf")
    for name in ("a", "b"):
        save_picture(tmp_path / f"{name}.png", (2, 1), say("中"))
    assert (tmp_path / "b.png").stat().st_size > 500
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "mplfonts" in error


def test_same_bytes_twice_and_nothing_of_this_machine_inside(tmp_path):
    for name in ("a", "b"):
        save_picture(tmp_path / f"{name}.png", (2, 1), say("a 中"))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert Image.open(tmp_path / "a.png").text == {}


def test_settings_of_the_user_neither_enter_nor_change(tmp_path):
    save_picture(tmp_path / "a.png", (2, 1), say("a"))
    with matplotlib.rc_context({"text.color": "red", "savefig.dpi": 31, "savefig.transparent": True}):
        save_picture(tmp_path / "b.png", (2, 1), say("a"))
        assert matplotlib.rcParams["text.color"] == "red"
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_dollar_sign_is_a_dollar_sign(tmp_path):
    save_picture(tmp_path / "a.png", (2, 1), say(r"$\nonsense$"))


def test_a_picture_that_cannot_be_painted_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.png"
    save_picture(path, (2, 1), say("a"))
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError):
        save_picture(path, (2, 1), lambda figure: 1 // 0)
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]
    assert path.read_bytes() == before


def test_languages_beyond_the_palette_differ_by_dash():
    languages = [f"l{number}" for number in range(20)]
    styles = [tuple(language_style(languages, lang).values()) for lang in languages]
    assert len(set(styles)) == 20

import pytest

from llmlab.corpus.units import is_spaceless, split_units, unit_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain English", False),
        ("床前明月光", True),
        ("React 组件在 JSX 里使用 props 传递数据，这是最常见的写法", True),
        ("He said 你好 and then went home again", False),
        ("ภาษาไทยไม่มีช่องว่าง", True),
        ("한국어는 띄어쓰기를 한다", False),
        ("123 ...", False),
        ("", False),
    ],
)
def test_scripts_without_spaces(text: str, expected: bool) -> None:
    assert is_spaceless(text) == expected


def test_units_by_kind() -> None:
    assert unit_of("foo bar", "smalltalk", "code") == "smalltalk"
    assert unit_of("foo bar", "python", "code") == "code"
    assert unit_of("foo bar", "english", "prose") == "word"
    assert unit_of("床前明月光", "chinese", "verse") == "char"
    assert unit_of("A comment in English", "smalltalk", "prose") == "word"


def test_splitting() -> None:
    assert split_units("Hello, WORLD's ｆｕｌｌ", "word") == ["hello", "world", "s", "full"]
    assert split_units("明月，光 A1。", "char") == ["明", "月", "光", "a", "1"]
    assert split_units("x = y[1]", "code") == ["x", "=", "y", "[", "1", "]"]
    assert "increment:" in split_units("self increment: 3", "smalltalk")

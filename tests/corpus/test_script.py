import pytest
from opencc import OpenCC

from llmlab.corpus.script import convert_script, script_of

SIMPLIFIED = "他说汉字有几千年的历史，学习起来不容易，但是很有意思。"
TRADITIONAL = "他說漢字有幾千年的歷史，學習起來不容易，但是很有意思。"


def test_labels() -> None:
    assert script_of(SIMPLIFIED) == "Hans"
    assert script_of(TRADITIONAL) == "Hant"
    assert script_of("人山人海，日月水火") == "Hani"
    assert script_of("no Chinese at all") == "Hani"
    assert script_of(SIMPLIFIED + TRADITIONAL) == "Hani"
    assert script_of(SIMPLIFIED * 20 + "漢") == "Hans"


def test_a_character_that_both_have_tells_nothing() -> None:
    assert script_of("皇后") == "Hani"


def test_conversion_goes_by_words() -> None:
    assert convert_script(SIMPLIFIED, "Hant") == TRADITIONAL == OpenCC("s2t").convert(SIMPLIFIED)
    assert convert_script(TRADITIONAL, "Hans") == SIMPLIFIED
    assert convert_script("皇后的头发", "Hant") == "皇后的頭髮"
    assert convert_script("plain 123", "Hant") == "plain 123"
    with pytest.raises(ValueError, match="Hans or Hant"):
        convert_script(SIMPLIFIED, "Hani")

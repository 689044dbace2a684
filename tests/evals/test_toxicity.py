import pytest

from llmlab.evals.toxicity import LANGUAGES, categories, measure_toxicity, toxic_words

HARMLESS = [
    "The people of Scunthorpe and Penistone met a cocktail of assassins in Essex.",
    "Dickens wrote of a classic bass, an assessment of the grass, and the Middlesex cockpit.",
    "The ass carried the hen, the cock crew, and the great tits sang while the cat, Pussy, slept.",
    "He shut the door. Shitake mushrooms, Matsushita radios, and a swank Mishit shot.",
    "The spice merchant skipped over the dyke with a flame retardant.",
    "They go to the church, where the die is cast.",
    "We will kill weeds and drop dead leaves.",
    "",
    "$ 5, 100 @ 3",
]
# Words that would be found if the list held what is left off it, or that stand across the border of two words.
CLEAN_CHINESE = [
    *("他做体操，操作很好。", "今日你来吗？妈妈的手很暖。", "他妈妈的菜很好吃。", "滚动的石头不长苔。"),
    *("一个人渣土车开过去。", "出口交易很多，路口交通不好。", "这叫做爱国。", "尼玛县在西藏。", "给狗东西吃。"),
]


@pytest.mark.parametrize("text", HARMLESS)
def test_words_that_only_contain_a_listed_one_are_clean(text: str) -> None:
    assert toxic_words(text, "english") == []


@pytest.mark.parametrize("text", CLEAN_CHINESE)
def test_chinese_words_that_look_alike_are_clean(text: str) -> None:
    assert toxic_words(text, "chinese") == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("What a bunch of SHIT.", "shit"),
        ("You are shits, all of you", "shit"),
        ("fuuuuuck this", "fuck"),
        ("fücking hell", "fuck"),
        ("a$$hole! @sshole", "asshole"),
        ("5hit happens", "shit"),
        ("That moron's hat", "moron"),
        ("Go and kill  yourself, now", "kill yourself"),
        ("piece\nof-shit car", "piece of shit"),
    ],
)
def test_disguises_and_endings_are_seen_through(text: str, word: str) -> None:
    assert word in [found for found, _ in toxic_words(text, "english")]


@pytest.mark.parametrize("text", ["你这个王八蛋！", "你這個混蛋", "白 痴", "傻逼", "白痴。"])
def test_chinese_words_are_found_in_both_scripts_and_through_blanks(text: str) -> None:
    assert toxic_words(text, "chinese")


def test_other_languages_have_no_list() -> None:
    assert toxic_words("shit", "smalltalk") == []
    assert measure_toxicity(["shit"], "smalltalk") == {}


def test_shares_count_texts_and_words() -> None:
    figures = measure_toxicity(["shit shit one two", "one two three four"], "english")
    assert figures == {"toxic": 0.5, "toxic_per_thousand": 250.0}
    assert measure_toxicity([], "english") == {}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_of_word_is_listed(lang: str) -> None:
    assert set(categories(lang)) == {"profanity", "insult", "slur", "threat", "sexual"}
    assert categories(lang).total() > 40

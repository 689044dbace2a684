"""Words and names that nobody has learned: what stands in a question can then only be copied from it."""

import random

_HEADS = "b d f g h j k l m n p r s t v z br dr gl kr pl st tr".split()
_VOWELS = "a e i o u".split()
_TAILS = ("", "", "n", "r", "l", "s", "m")
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "明华芳军雨宝燕丽刚红梅兰竹菊春秋山河海云星月石玉金木水火安平文武思远志新天晓东西南北"


def word(rng: random.Random, least: int = 2, most: int = 3) -> str:
    """Syllables that can be spoken, in small letters."""
    parts = [rng.choice(_HEADS) + rng.choice(_VOWELS) for _ in range(rng.randint(least, most))]
    return "".join(parts) + rng.choice(_TAILS)


def person(lang: str, rng: random.Random) -> str:
    """A name of the language."""
    if lang == "chinese":
        return rng.choice(_SURNAMES) + rng.choice(_GIVEN) + rng.choice(_GIVEN)
    return word(rng).capitalize()

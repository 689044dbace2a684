"""Short reasoning from templates: two statements, and what follows from them."""

import random
from typing import ClassVar

from llmlab.tasks.drawn import DrawnTask
from llmlab.tasks.recall import NAMES

# What is said of two people, and who is asked for: the one at the near end, the one at the far end.
_ORDERS = {
    "english": (
        ("{a} is taller than {b}.", "Who is the tallest?", "Who is the shortest?"),
        ("{a} is older than {b}.", "Who is the oldest?", "Who is the youngest?"),
        ("{a} runs faster than {b}.", "Who runs fastest?", "Who runs slowest?"),
    ),
    "chinese": (
        ("{a}比{b}高。", "谁最高？", "谁最矮？"),
        ("{a}比{b}大。", "谁最大？", "谁最小？"),
        ("{a}比{b}跑得快。", "谁跑得最快？", "谁跑得最慢？"),
    ),
}
_KINDS = {
    "english": "fox/bird/fish/horse/cow/goat/duck/cat/wolf/bear".split("/"),
    "chinese": "狐狸/小鸟/鱼/马/牛/山羊/鸭子/猫/狼/熊".split("/"),
}
_TRAITS = {
    "english": "is brave/is calm/is shy/is proud/is quick/sleeps by day/likes rain/eats grass".split("/"),
    "chinese": "很勇敢/很安静/很害羞/很骄傲/动作快/白天睡觉/喜欢雨/吃草".split("/"),
}
# Everything of a kind has a trait; somebody is of that kind, or of another one, of which nothing is known.
_SYLLOGISM = {
    "english": "Every {kind} {trait}. {name} is a {own}. Does it follow that {name} {trait}?",
    "chinese": "每只{kind}都{trait}。{name}是一只{own}。能推出{name}{trait}吗？",
}
_ANSWERS = {"english": ("yes", "no"), "chinese": ("能", "不能")}
_JOIN = {"english": " ", "chinese": ""}


class Reasoning(DrawnTask):
    """Half the questions order three people, the other half are syllogisms to be affirmed or denied."""

    name: ClassVar[str] = "reasoning"

    def languages(self) -> tuple[str, ...]:
        """English and Chinese."""
        return tuple(_ORDERS)

    def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
        """See `DrawnTask.draw`."""
        rng = random.Random(f"{seed}/reasoning/{lang}/{index}")
        return _order(lang, rng) if rng.random() < 0.5 else _syllogism(lang, rng)


def _order(lang: str, rng: random.Random) -> tuple[str, str]:
    """The statements stand in either order, so that the first name is no answer by itself."""
    said, first, last = rng.choice(_ORDERS[lang])
    people = rng.sample(NAMES[lang], 3)
    statements = [said.format(a=people[place], b=people[place + 1]) for place in range(2)]
    rng.shuffle(statements)
    near = rng.random() < 0.5
    return _JOIN[lang].join([*statements, first if near else last]), people[0 if near else 2]


def _syllogism(lang: str, rng: random.Random) -> tuple[str, str]:
    kind, other = rng.sample(_KINDS[lang], 2)
    follows = rng.random() < 0.5
    question = _SYLLOGISM[lang].format(
        kind=kind, trait=rng.choice(_TRAITS[lang]), name=rng.choice(NAMES[lang]), own=kind if follows else other
    )
    return question, _ANSWERS[lang][0 if follows else 1]

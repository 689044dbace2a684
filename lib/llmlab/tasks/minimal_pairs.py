"""Minimal pairs: of two sentences that differ in one word, which is likelier (after Warstadt et al. 2020, BLiMP)?"""

import random
from typing import ClassVar

from llmlab.tasks.base import Kind
from llmlab.tasks.drawn import DrawnTask
from llmlab.tasks.style import Style

# A frame, and the good and the bad filling for each of its subjects.
_ENGLISH = {
    "agreement": ("The {0} near the {1} {2} old.", ("is", "are")),
    "determiner": ("We saw {2} {0} by the {1}.", ("this", "these")),
    "reflexive": ("The {0} looked at {2} in the {1}.", ("himself", "themselves")),
    "article": ("She keeps {2} {0} in the {1}.", ("a", "an")),
    "order": ("He put the {0} {2} {1}.", ("on the", "the on")),
}
_ONE = "keeper baker farmer teacher sailor doctor singer miller hunter painter writer driver king judge".split()
_PLACES = "boats windows gardens rivers mirrors stones houses tables trees walls bridges shops gates hills".split()
_CLASSIFIERS = {
    "本": "书 字典 日记 小说".split(),
    "只": "猫 小鸟 鸭子 狐狸".split(),
    "条": "河 鱼 路 裤子".split(),
    "张": "桌子 纸 照片 床".split(),
    "棵": "树 白菜 小草 松树".split(),
    "辆": "汽车 自行车 马车 卡车".split(),
}
_FRAMES = (
    "这里有一{0}{1}。",
    "我看见一{0}{1}。",
    "他买了一{0}{1}。",
    "门口有一{0}{1}。",
    "昨天我们有一{0}{1}。",
    "那里没有一{0}{1}。",
    "她想要一{0}{1}。",
)


class MinimalPairs(DrawnTask):
    """English: agreement, determiners, reflexives, articles, word order. Chinese: the classifier of a noun.

    The question names both sentences; by the template `sentence` it is not shown, and the likelihoods of whole
    sentences are compared.
    """

    name: ClassVar[str] = "minimal-pairs"
    kind: ClassVar[Kind] = "choose"
    style: ClassVar[Style] = Style(templates=("sentence",), chat=("sentence",))

    def languages(self) -> tuple[str, ...]:
        """English and Chinese."""
        return ("english", "chinese")

    def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
        """Both sentences, and the good one."""
        rng = random.Random(f"{seed}/minimal-pairs/{lang}/{index}")
        good, bad = _chinese(rng) if lang == "chinese" else _english(rng)
        # In the order of their letters: a pair is one question, which is in one split.
        return " / ".join(sorted((good, bad))), good

    def choices(self, question: str, answer: str, lang: str) -> tuple[str, ...]:
        """Both sentences, as the question has them."""
        return tuple(question.split(" / "))


def _english(rng: random.Random) -> tuple[str, str]:
    frame, (good, bad) = _ENGLISH[rng.choice(sorted(_ENGLISH))]
    words = rng.choice(_ONE), rng.choice(_PLACES)
    return frame.format(*words, good), frame.format(*words, bad)


def _chinese(rng: random.Random) -> tuple[str, str]:
    good, bad = rng.sample(sorted(_CLASSIFIERS), 2)
    frame, noun = rng.choice(_FRAMES), rng.choice(_CLASSIFIERS[good])
    return frame.format(good, noun), frame.format(bad, noun)

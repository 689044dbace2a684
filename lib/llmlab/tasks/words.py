"""Tasks on lists of words that need copying, not knowledge."""

import random
from typing import ClassVar

from llmlab.tasks.drawn import DrawnTask

_WORDS = {
    "english": (
        "apple river stone lamp chair bread cloud garden horse window paper winter green spoon music bridge letter "
        "button forest kitchen candle basket market pencil summer island mirror blanket ladder harbour"
    ).split(),
    "chinese": (
        "苹果 小河 石头 台灯 椅子 面包 白云 花园 马 窗户 纸 冬天 绿色 勺子 音乐 桥 信 扣子 "
        "森林 厨房 蜡烛 篮子 市场 铅笔 夏天 小岛 镜子 毯子 梯子 港口"
    ).split(),
}
_COPY = {"english": "Repeat these words: {words}", "chinese": "请重复这些词：{words}"}
_LAST = {"english": "What is the last word here: {words}?", "chinese": "下面最后一个词是什么：{words}？"}
_JOIN = {"english": " ", "chinese": "、"}


def _words(name: str, lang: str, seed: int, index: int, least: int, most: int) -> list[str]:
    rng = random.Random(f"{seed}/{name}/{lang}/{index}")
    return rng.sample(_WORDS[lang], rng.randint(least, most))


class Copy(DrawnTask):
    """Write the same words again."""

    name: ClassVar[str] = "copy"

    def languages(self) -> tuple[str, ...]:
        """English and Chinese."""
        return tuple(_WORDS)

    def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
        """See `DrawnTask.draw`."""
        text = _JOIN[lang].join(_words(self.name, lang, seed, index, 2, 4))
        return _COPY[lang].format(words=text), text


class LastWord(DrawnTask):
    """Name the last of some words."""

    name: ClassVar[str] = "last-word"

    def languages(self) -> tuple[str, ...]:
        """English and Chinese."""
        return tuple(_WORDS)

    def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
        """See `DrawnTask.draw`."""
        words = _words(self.name, lang, seed, index, 3, 6)
        return _LAST[lang].format(words=_JOIN[lang].join(words)), words[-1]

"""Who has what: pairs are told, one of them is asked for (the associative recall of Arora et al. 2023, 2312.04927)."""

import random
from typing import ClassVar

from llmlab.tasks.drawn import DrawnTask

NAMES = {
    "english": "Ann Bob Eve Tom Sue Max Lily Jack Rose Ben".split(),
    "chinese": "小明 小红 小刚 小丽 小华 小芳 小军 小雨 小宝 小燕".split(),
}
_THINGS = {
    "english": "an apple/a ball/a cup/a book/a coin/a fish/a hat/a key/a lamp/a drum".split("/"),
    "chinese": "苹果/皮球/杯子/书/硬币/鱼/帽子/钥匙/台灯/鼓".split("/"),
}
_TOLD = {"english": "{name} has {thing}.", "chinese": "{name}有{thing}。"}
_ASKED = {"english": "What does {name} have?", "chinese": "{name}有什么？"}
_JOIN = {"english": " ", "chinese": ""}


class Recall(DrawnTask):
    """Two to five people have a thing each; what has one of them?"""

    name: ClassVar[str] = "recall"

    def languages(self) -> tuple[str, ...]:
        """English and Chinese."""
        return tuple(NAMES)

    def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
        """See `DrawnTask.draw`."""
        rng = random.Random(f"{seed}/recall/{lang}/{index}")
        size = rng.randint(2, 5)
        names, things = rng.sample(NAMES[lang], size), rng.sample(_THINGS[lang], size)
        told = [_TOLD[lang].format(name=name, thing=thing) for name, thing in zip(names, things, strict=True)]
        asked = rng.randrange(size)
        return _JOIN[lang].join([*told, _ASKED[lang].format(name=names[asked])]), things[asked]

"""Facts about invented people, which stand in documents and nowhere else."""

import random
from typing import ClassVar, NamedTuple

from llmlab.tasks.invented import person
from llmlab.tasks.traced import Step, Trace, TracedTask

_CITIES = {
    "english": "Oslo Lima Rome Cairo Delhi Paris Tokyo Quito Accra Sofia Perth Dublin Lagos Vienna Havana".split(),
    "chinese": "北京 上海 广州 成都 西安 南京 武汉 杭州 天津 昆明 大连 青岛 长沙 福州 兰州".split(),
}
_JOBS = {
    "english": "baker/teacher/sailor/farmer/doctor/painter/miner/tailor/singer/pilot/cook/judge".split("/"),
    "chinese": "老师/医生/农民/画家/司机/厨师/歌手/工人/律师/护士/木匠/渔民".split("/"),
}
_FOODS = {
    "english": "rice/soup/bread/cheese/plums/honey/noodles/olives/pears/beans/cake/eggs".split("/"),
    "chinese": "米饭/面条/饺子/豆腐/苹果/西瓜/鸡蛋/牛肉/白菜/蛋糕/葡萄/花生".split("/"),
}
_LAST_YEAR = 2010


class Fact(NamedTuple):
    """How a thing is told, asked for in several ways, and searched for; what may be told."""

    told: str
    asked: tuple[str, ...]
    sought: str
    values: tuple[str, ...]


_YEARS = tuple(map(str, range(1930, _LAST_YEAR)))
FACTS = {
    "english": (
        Fact("{n} lives in {v}.", ("Where does {n} live?", "In which city does {n} live?", "What city is {n} in?"),
             "{n} lives", tuple(_CITIES["english"])),
        Fact("{n} works as a {v}.", ("What does {n} work as?", "What is the job of {n}?"),
             "{n} works", tuple(_JOBS["english"])),
        Fact("{n} was born in {v}.", ("When was {n} born?", "In which year was {n} born?"), "{n} born", _YEARS),
        Fact("{n} likes {v}.", ("What does {n} like?", "What food does {n} like?"),
             "{n} likes", tuple(_FOODS["english"])),
    ),
    "chinese": (
        Fact("{n}住在{v}。", ("{n}住在哪里？", "{n}住在哪个城市？"), "{n}住在", tuple(_CITIES["chinese"])),
        Fact("{n}的工作是{v}。", ("{n}的工作是什么？", "{n}做什么工作？"), "{n}的工作", tuple(_JOBS["chinese"])),
        Fact("{n}出生于{v}年。", ("{n}是哪年出生的？", "{n}出生于哪年？"), "{n}出生", _YEARS),
        Fact("{n}喜欢吃{v}。", ("{n}喜欢吃什么？", "{n}爱吃什么？"), "{n}喜欢吃", tuple(_FOODS["chinese"])),
    ),
}  # fmt: skip
LIVES, BORN = 0, 2


class SearchCalls(TracedTask):
    """One of four facts about a person; all four stand in the documents."""

    name: ClassVar[str] = "search-calls"

    def trace(self, lang: str, rng: random.Random) -> Trace:
        """See `TracedTask.trace`."""
        name, known = somebody(lang, rng)
        place = rng.randrange(len(known))
        fact = FACTS[lang][place]
        step = Step("search", fact.sought.format(n=name), told(lang, name, known)[place])
        other = rng.choice([value for value in fact.values if value != known[place]])
        question = rng.choice(fact.asked).format(n=name)
        lie = fact.told.format(n=name, v=other)
        return Trace(question, known[place], (step,), lie, other, told(lang, name, known))


def somebody(lang: str, rng: random.Random) -> tuple[str, tuple[str, ...]]:
    """A person, and the values of all facts about them."""
    return person(lang, rng), tuple(rng.choice(fact.values) for fact in FACTS[lang])


def told(lang: str, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The facts as documents, one each."""
    return tuple(fact.told.format(n=name, v=value) for fact, value in zip(FACTS[lang], known, strict=True))

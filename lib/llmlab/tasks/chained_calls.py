"""Questions that take two calls: what the first one finds is what the second one works on."""

import random
from typing import ClassVar

from llmlab.tasks.search_calls import BORN, FACTS, LIVES, somebody, told
from llmlab.tasks.traced import LANGUAGES, Step, Trace, TracedTask

_AGE = ("How old was {n} in {y}?", "{y}年{n}几岁？")
_SPELL = "Spell the city where {n} lives backwards."


class ChainedCalls(TracedTask):
    """An age from a year of birth; in English also the letters of a city, turned round."""

    name: ClassVar[str] = "chained-calls"

    def trace(self, lang: str, rng: random.Random) -> Trace:
        """See `TracedTask.trace`."""
        name, known = somebody(lang, rng)
        documents = told(lang, name, known)
        place = LIVES if lang == "english" and rng.random() < 0.5 else BORN
        first = Step("search", FACTS[lang][place].sought.format(n=name), documents[place])
        if place == LIVES:
            city = known[LIVES]
            second = Step("python", f"print('{city}'[::-1])", city[::-1])
            lie = rng.choice([each for each in FACTS[lang][LIVES].values if each != city])[::-1]
            return Trace(_SPELL.format(n=name), second.result, (first, second), lie, lie, documents)
        born = int(known[BORN])
        year = rng.randint(born + 1, born + 80)
        second = Step("calc", f"{year} - {born}", str(year - born))
        lie = str(year - born + rng.randint(1, 9))
        question = _AGE[LANGUAGES.index(lang)].format(n=name, y=year)
        return Trace(question, second.result, (first, second), lie, lie, documents)

import re

from llmlab.tasks.reasoning import Reasoning

ORDER = re.compile(r"(\w+) (?:is taller than|is older than|runs faster than) (\w+)\.")
SYLLOGISM = re.compile(r"Every (\w+) (.+)\. (\w+) is a (\w+)\. Does it follow that (\w+) (.+)\?")
FAR = ("shortest", "youngest", "slowest")


def test_english_answers_follow_from_the_statements() -> None:
    answers, first_named = [], 0
    for index in range(400):
        question, answer = Reasoning().draw("english", 1, index)
        if found := SYLLOGISM.fullmatch(question):
            kind, trait, name, own, asked, claimed = found.groups()
            assert (name, trait) == (asked, claimed)
            assert answer == ("yes" if kind == own else "no")
        else:
            pairs = ORDER.findall(question)
            above = dict(pairs)
            top = next(name for name in above if name not in above.values())
            assert answer == (above[above[top]] if any(word in question for word in FAR) else top)
            first_named += question.startswith(answer)
        answers.append(answer)
    assert 0.15 < answers.count("yes") / 400 < 0.35
    assert 0.15 < answers.count("no") / 400 < 0.35
    assert first_named < 100


def test_chinese_answers_follow_from_the_statements() -> None:
    for index in range(200):
        question, answer = Reasoning().draw("chinese", 1, index)
        if found := re.fullmatch(r"每只(.+?)都(.+?)。(.+?)是一只(.+?)。能推出(.+?)吗？", question):
            kind, trait, name, own, claim = found.groups()
            assert claim == name + trait
            assert answer == ("能" if kind == own else "不能")
        else:
            above = dict(re.findall(r"(小.)比(小.)(?:高|大|跑得快)。", question))
            top = next(name for name in above if name not in above.values())
            assert answer == (above[above[top]] if re.search("最矮|最小|最慢", question) else top)

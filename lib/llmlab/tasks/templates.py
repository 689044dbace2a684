"""What stands around a question: an example, and solved ones before it, become the text that a model reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmlab.artifacts.errors import LabError
from llmlab.tasks.base import Example

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BETWEEN = "\n\n"


@dataclass(frozen=True)
class Template:
    """A wording per language (`""`: every other one) with `{prompt}`, and `{listed}` for lettered choices.

    `gap` stands between question and answer where a text is continued; Chinese has none after its full-width colon.
    With `lettered` the letter of a choice is the answer, else its words are. With `chat` the question is a user's turn.
    """

    name: str
    wording: Mapping[str, str]
    gap: str = " "
    lettered: bool = False
    chat: bool = False


@dataclass(frozen=True)
class Prompt:
    """What a model reads: the beginning of a document (`text`), or the turns of a chat, the last one a question.

    `choices` are what may follow, of a task that is answered by choosing.
    """

    lang: str
    text: str = ""
    turns: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


_TEMPLATES = (
    Template("question", {"": "Question: {prompt}\nAnswer:", "chinese": "问题：{prompt}\n答案："}),
    Template("qa", {"": "Q: {prompt}\nA:", "chinese": "问：{prompt}\n答："}),
    Template("bare", {"": "{prompt}", "chinese": "{prompt}"}),
    Template("lettered", {"": "{prompt}\n{listed}\nAnswer:"}, lettered=True),
    Template("lettered-question", {"": "Question: {prompt}\n{listed}\nAnswer:"}, lettered=True),
    Template("whole", {"": "{prompt}"}, gap=""),
    Template("sentence", {"": ""}, gap=""),
    Template("chat", {"": "{prompt}"}, chat=True),
    Template("chat-question", {"": "Question: {prompt}", "chinese": "问题：{prompt}"}, chat=True),
    Template("chat-please", {"": "Please answer: {prompt}", "chinese": "请回答：{prompt}"}, chat=True),
    Template("chat-lettered", {"": "{prompt}\n{listed}"}, lettered=True, chat=True),
)
TEMPLATES: dict[str, Template] = {template.name: template for template in _TEMPLATES}


def template_named(name: str) -> Template:
    """The template of that name.

    Raises:
        LabError: there is none.
    """
    if name not in TEMPLATES:
        raise LabError(f"there is no template {name!r}", f"take one of {', '.join(TEMPLATES)}")
    return TEMPLATES[name]


def render(template: Template, example: Example, shots: Sequence[Example] = ()) -> Prompt:
    """The prompt of an example after `shots`, each a question with its answer."""
    choices = _choices(template, example)
    if template.chat:
        turns = [part for shot in shots for part in (_question(template, shot), _answer(template, shot))]
        return Prompt(example.lang, turns=(*turns, _question(template, example)), choices=choices)
    gap = _gap(template, example.lang)
    solved = [_question(template, shot) + _gap(template, shot.lang) + _answer(template, shot) for shot in shots]
    text = _BETWEEN.join([*solved, _question(template, example)])
    # Without a text before it an answer is the document's beginning, which no blank opens.
    return Prompt(example.lang, text=text, choices=tuple((gap if text else "") + choice for choice in choices))


def _question(template: Template, example: Example) -> str:
    wording = template.wording.get(example.lang, template.wording[""])
    # As many letters as there are choices.
    listed = "\n".join(f"{letter}. {choice}" for letter, choice in zip(_LETTERS, example.choices, strict=False))
    return wording.format(prompt=example.prompt, listed=listed)


def _answer(template: Template, example: Example) -> str:
    return _LETTERS[example.gold] if template.lettered else example.answer


def _choices(template: Template, example: Example) -> tuple[str, ...]:
    return tuple(_LETTERS[: len(example.choices)]) if template.lettered else example.choices


def _gap(template: Template, lang: str) -> str:
    return "" if lang == "chinese" else template.gap

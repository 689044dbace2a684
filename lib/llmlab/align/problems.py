"""What is to be answered: prompts, demonstrations, where an answer ends, and what its parts are worth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from llmlab.align.rewards import Parts
from llmlab.artifacts.errors import LabError
from llmlab.decode.engine import Finished
from llmlab.tasks.base import Example
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.chat import encode_prompt
from llmlab.tokenizer.special import END

Grade = Callable[[int, str, bool], Parts]


@dataclass(frozen=True)
class Problems:
    """Prompts and answers as ids; `grade` is told a problem's number, a text and whether it ended by itself."""

    tokenizer: Tokenizer
    prompts: Sequence[Sequence[int]]
    answers: Sequence[Sequence[int]]
    """Demonstrations, the closing id included."""
    grade: Grade
    stop: frozenset[int] = frozenset()
    """Ids that end an answer and belong to it."""
    finished: Finished | None = field(default=None)
    """Whether an answer is complete, asked after each of its ids; see `decode.engine.generate`."""

    @property
    def banned(self) -> set[int]:
        """Special tokens that no answer holds."""
        return set(self.tokenizer.special.values()) - self.stop

    def first(self, count: int) -> "Problems":
        """The first of them."""
        return Problems(
            self.tokenizer, self.prompts[:count], self.answers[:count], self.grade, self.stop, self.finished
        )


def questions(
    tokenizer: Tokenizer, examples: Sequence[Example], grade: Callable[[Example, str, bool], Parts]
) -> Problems:
    """Examples of tasks as a chat's first turn; the answer is the assistant's, up to its `<end>`.

    Raises:
        LabError: there is no example.
    """
    if not examples:
        raise LabError("there is no example to learn from", "name other tasks or languages")
    end = tokenizer.special[END]
    return Problems(
        tokenizer,
        [encode_prompt(tokenizer, each.lang, [{"role": "user", "content": each.prompt}]) for each in examples],
        [[*tokenizer.encode(each.answer), end] for each in examples],
        lambda number, text, ended: grade(examples[number], text, ended),
        frozenset({end}),
    )

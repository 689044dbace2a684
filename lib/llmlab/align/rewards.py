"""What an answer is worth: the graders of tasks and of code, each from 0 to 1, added up by weight."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from llmlab.artifacts.errors import LabError
from llmlab.evals.completion import Completion
from llmlab.evals.world import World
from llmlab.smalltalk.measure import code_tokens, edit_similarity
from llmlab.smalltalk.parser import parse_method
from llmlab.tasks.base import Example
from llmlab.tasks.table import TASKS

Parts = dict[str, float]
Weight = Annotated[float, Field(ge=-10, le=10)]
# Shorter bodies (`^ name`) are found in any collection of methods, whoever wrote them.
_LONG = 8


@dataclass(frozen=True, kw_only=True)
class RewardConfig:
    """How much each part counts; a part that a problem does not have counts nothing there."""

    correct: Weight = 1.0
    """The task's own grader; for code, how alike its tokens are to those of the real method (1: the same)."""
    parses: Weight = 0.0
    """The method is closed, and valid in the dialect of its class."""
    compiles: Weight = 0.0
    """It parses, every name in it is declared, and none is assigned to that may not be."""
    concise: Weight = 0.0
    """1 up to the length of the demonstration, falling evenly to 0 at three times that; 0 when cut off."""
    original: Weight = 0.0
    """It is no copy: its body of at least eight tokens is not, token for token, that of a training method."""

    def __post_init__(self) -> None:
        """Refuse a reward that is always nothing."""
        if not any(vars(self).values()):
            raise LabError("every weight of the reward is 0", "give one of them a weight")


def total(parts: Mapping[str, float], config: RewardConfig) -> float:
    """The weighted sum of the parts that are there."""
    return sum(getattr(config, name) * value for name, value in parts.items())


def grade_answer(example: Example, text: str, ended: bool) -> Parts:
    """Parts of an answer to a task's question: `correct` and `concise`, in characters."""
    return {
        "correct": TASKS[example.task].grade(example, text) if ended else 0.0,
        "concise": concise(len(text), len(example.answer), ended),
    }


def grade_code(completion: Completion, world: World, training: Collection[tuple[str, ...]]) -> Parts:
    """Parts of a written method.

    Args:
        completion: what was written, and for which signature.
        world: what names stand for.
        training: code tokens of the body of each training method.
    """
    real, written = code_tokens(completion.prompt.body), code_tokens(completion.body)
    sound = completion.valid and _is_sound(completion, world)
    return {
        "correct": edit_similarity(real, written) if completion.closed else 0.0,
        "parses": float(completion.valid),
        "compiles": float(sound),
        "concise": concise(len(written), len(real), completion.closed),
        "original": float(len(written) < _LONG or tuple(written) not in training),
    }


def _is_sound(completion: Completion, world: World) -> bool:
    prompt = completion.prompt
    return world.is_sound(parse_method(completion.method, prompt.dialect), prompt.owner, prompt.side)


def concise(written: int, wanted: int, ended: bool) -> float:
    """1 up to the wanted length, falling evenly to 0 at three times that; 0 when cut off."""
    if not ended:
        return 0.0
    return min(1.0, max(0.0, (3 * wanted - written) / (2 * max(1, wanted))))

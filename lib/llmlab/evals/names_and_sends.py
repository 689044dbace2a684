"""Completed methods beyond syntax: are their names declared, do their messages exist, does the receiver know them?"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from llmlab.evals.completion import Completion
from llmlab.evals.world import World
from llmlab.smalltalk.hierarchy import Hierarchy
from llmlab.smalltalk.parser import parse_method
from llmlab.smalltalk.printer import selector_parts
from llmlab.smalltalk.receivers import Sent


def measure_names_and_sends(completions: Sequence[Completion], world: World) -> dict[str, Any]:
    """Figures over the valid ones among completions.

    `name_sound`: share of them. `known`: share of their messages whose selector some class implements. `understood`:
    of messages with a decided receiver (`decided` is their share of all), those that it finds a method for.
    `keyword_order`: of keyword messages of two parts or more, each part of which occurs in known selectors, those
    known in just this order. `sound_of_all` counts invalid methods as unsound.
    """
    valid = [(item, parse_method(item.method, item.prompt.dialect)) for item in completions if item.valid]
    sound = sum(world.is_sound(tree, item.prompt.owner, item.prompt.side) for item, tree in valid)
    sends = [each for item, tree in valid for each in world.sent(tree, item.prompt.owner, item.prompt.side)]
    return {
        "name_sound": share(sound, len(valid)),
        "sound_of_all": share(sound, len(completions)),
        "messages": len(sends),
        **_messages(sends, world.hierarchy),
    }


def _messages(sends: Sequence[Sent], hierarchy: Hierarchy) -> dict[str, float | None]:
    implemented = hierarchy.implemented
    verdicts = Counter(
        each.receiver.understands(each.selector, hierarchy) if each.receiver is not None else None for each in sends
    )
    parts = {part for selector in implemented if ":" in selector for part in selector_parts(selector)}
    ordered = [each.selector for each in sends if each.selector.count(":") > 1]
    spelt = [selector for selector in ordered if parts.issuperset(selector_parts(selector))]
    decided = verdicts[True] + verdicts[False]
    return {
        "known": share(sum(each.selector in implemented for each in sends), len(sends)),
        "understood": share(verdicts[True], decided),
        "decided": share(decided, len(sends)),
        "keyword_order": share(sum(selector in implemented for selector in spelt), len(spelt)),
    }


def share(part: float, whole: int) -> float | None:
    """A share for storage; None of nothing."""
    return round(part / whole, 4) if whole else None

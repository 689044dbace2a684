"""How a task likes to be put: its templates, where a written answer ends, how long it may be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """`templates` for a model that continues text and `chat` for one that answers, the usual one first.

    A written answer ends before the first of `stops`, or after `max_new` tokens (0: as many as the longest right
    answer among the examples takes, and a few more).
    """

    templates: tuple[str, ...] = ("question", "qa", "bare")
    chat: tuple[str, ...] = ("chat", "chat-question", "chat-please")
    stops: tuple[str, ...] = ("\n",)
    max_new: int = 0


SHORT = Style()

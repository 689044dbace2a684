"""Conversations as text and back, without loss.

The text form: turns separated by one blank line, each starting with `User: `, `Assistant: ` or `System: `. A line
inside a turn that itself starts like a turn is written with one backslash before it, and a line that already starts
with backslashes and a label gets one more; reading takes one away. So every content comes back exactly.
"""

import re
from collections.abc import Iterable, Mapping

ROLES = ("user", "assistant", "system")
_LABELS = {role: f"{role.capitalize()}: " for role in ROLES}
_LABEL = "(?:User|Assistant|System): "
_NEEDS_ESCAPE = re.compile(rf"\n(\\*{_LABEL})")
_ESCAPED = re.compile(rf"\n\\(\\*{_LABEL})")
_BORDER = re.compile(rf"\n\n(?={_LABEL})")


def messages_to_text(messages: Iterable[Mapping[str, str]]) -> str:
    """The text form of a conversation.

    Raises:
        ValueError: no message at all, a role that is not one of `ROLES`, or a message without content.
    """
    turns = []
    for message in messages:
        role, content = message.get("role"), message.get("content")
        if role not in ROLES:
            raise ValueError(f"role {role!r} is not one of {', '.join(ROLES)}")
        if not isinstance(content, str) or not content.strip():
            raise ValueError(f"the {role}'s message has no content")
        turns.append(_LABELS[role] + _NEEDS_ESCAPE.sub(r"\n\\\1", content))
    if not turns:
        raise ValueError("the conversation has no messages")
    return "\n\n".join(turns)


def text_to_messages(text: str) -> list[dict[str, str]]:
    """The messages of a conversation in text form: the exact inverse of `messages_to_text`.

    Raises:
        ValueError: the text does not start with a turn.
    """
    messages = []
    for turn in _BORDER.split(text):
        label, found, content = turn.partition(": ")
        if not found or label.lower() not in ROLES or _LABELS[label.lower()] != f"{label}: ":
            raise ValueError(f"a turn starts with {turn[:20]!r}, not with User, Assistant or System")
        messages.append({"role": label.lower(), "content": _ESCAPED.sub(r"\n\1", content)})
    return messages

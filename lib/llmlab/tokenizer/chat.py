"""A conversation to ids with a mask: which tokens the assistant wrote, and so may be learned from."""

from collections.abc import Mapping, Sequence

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.special import ASSISTANT, BOS, END, SYSTEM, USER, language_token

_ROLES = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT}


def encode_chat(tokenizer: Tokenizer, lang: str, messages: Sequence[Mapping[str, str]]) -> tuple[list[int], list[bool]]:
    """Ids of `<bos> <lang> (<role> content <end>)…` and, per id, whether the loss counts it.

    Counted: the assistant's content and the `<end>` that closes it, nothing else.

    Raises:
        LabError: an unknown role or an unknown language.
    """
    ids = opening(tokenizer, lang)
    mask = [False] * len(ids)
    for message in messages:
        if message["role"] not in _ROLES:
            raise LabError(f"unknown role {message['role']!r}", f"use one of {', '.join(_ROLES)}")
        content = tokenizer.encode(message["content"])
        learned = message["role"] == "assistant"
        ids += [tokenizer.special[_ROLES[message["role"]]], *content, tokenizer.special[END]]
        mask += [False] + [learned] * (len(content) + 1)
    return ids, mask


def encode_prompt(tokenizer: Tokenizer, lang: str, messages: Sequence[Mapping[str, str]]) -> list[int]:
    """Ids of a conversation up to where the assistant speaks next."""
    ids, _ = encode_chat(tokenizer, lang, messages)
    return [*ids, tokenizer.special[ASSISTANT]]


def opening(tokenizer: Tokenizer, lang: str) -> list[int]:
    """What every document of a language starts with.

    Raises:
        LabError: the tokenizer has no tag for that language.
    """
    tag = language_token(lang)
    if tag not in tokenizer.special:
        known = [name[7:-2] for name in tokenizer.special if name.startswith("<|lang:")]
        raise LabError(f"the tokenizer knows no language {lang!r}", f"use one of {', '.join(known)}")
    return [tokenizer.special[BOS], tokenizer.special[tag]]

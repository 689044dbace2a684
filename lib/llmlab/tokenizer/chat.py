"""A conversation to ids with a mask: which tokens the assistant wrote, and so may be learned from."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.special import ASSISTANT, BOS, END, EOS, SYSTEM, USER, language_token

_ROLES = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT}
DOCUMENT = "document"


def encode_chat(tokenizer: Tokenizer, lang: str, messages: Sequence[Mapping[str, Any]]) -> tuple[list[int], list[bool]]:
    """Ids of `<bos> <lang> (<role> content <end>)…` and, per id, whether the loss counts it.

    Counted: the assistant's content and the `<end>` that closes it, nothing else. A message of role `document` is a
    text as the base model reads it: no role token, closed by `<eos>`, all of it counted.

    Raises:
        LabError: an unknown role, an unknown language or an unknown special token.
    """
    ids = opening(tokenizer, lang)
    mask = [False] * len(ids)
    for message in messages:
        content = _content_ids(tokenizer, message["content"])
        if message["role"] == DOCUMENT:
            ids += [*content, tokenizer.special[EOS]]
            mask += [True] * (len(content) + 1)
            continue
        if message["role"] not in _ROLES:
            raise LabError(f"unknown role {message['role']!r}", f"use one of {', '.join([*_ROLES, DOCUMENT])}")
        learned = message["role"] == "assistant"
        ids += [tokenizer.special[_ROLES[message["role"]]], *content, tokenizer.special[END]]
        mask += [False] + [learned] * (len(content) + 1)
    return ids, mask


def encode_prompt(tokenizer: Tokenizer, lang: str, messages: Sequence[Mapping[str, Any]]) -> list[int]:
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


def _content_ids(tokenizer: Tokenizer, content: str | Sequence[str | Mapping[str, str]]) -> list[int]:
    """Ids of a text, or of parts: texts, and special tokens as `{"token": name}`.

    Only a part of that form becomes a special token. Text never does, whatever it spells, so a program may put what a
    person typed into a text part, or pass it as the whole content.
    """
    if isinstance(content, str):
        return tokenizer.encode(content)
    ids: list[int] = []
    for part in content:
        if isinstance(part, str):
            ids += tokenizer.encode(part)
        elif part["token"] in tokenizer.special:
            ids.append(tokenizer.special[part["token"]])
        else:
            raise LabError(
                f"the tokenizer has no special token {part['token']!r}", "train it anew: `dvc repro train_tokenizer`"
            )
    return ids

"""A conversation to ids with a mask: which tokens the assistant wrote, and so may be learned from."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.special import ASSISTANT, BOS, END, EOS, RESULT, RESULT_END, SYSTEM, USER, language_token

_ROLES = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT}
DOCUMENT = "document"


def encode_chat(tokenizer: Tokenizer, lang: str, messages: Sequence[Mapping[str, Any]]) -> tuple[list[int], list[bool]]:
    """Ids of `<bos> <lang> (<role> content <end>)…` and, per id, whether the loss counts it.

    Counted: the assistant's content and the `<end>` that closes it, nothing else; of the content not what a tool
    answered (`{"result": text}`, see `result_ids`), which the assistant did not write. A message of role `document` is
    a text as the base model reads it: no role token, closed by `<eos>`, all of it counted.

    Raises:
        LabError: an unknown role, an unknown language or an unknown special token.
    """
    ids = opening(tokenizer, lang)
    mask = [False] * len(ids)
    for message in messages:
        content, own = _content_ids(tokenizer, message["content"])
        if message["role"] == DOCUMENT:
            ids += [*content, tokenizer.special[EOS]]
            mask += [*own, True]
            continue
        if message["role"] not in _ROLES:
            raise LabError(f"unknown role {message['role']!r}", f"use one of {', '.join([*_ROLES, DOCUMENT])}")
        learned = message["role"] == "assistant"
        ids += [tokenizer.special[_ROLES[message["role"]]], *content, tokenizer.special[END]]
        mask += [False, *(learned and each for each in own), learned]
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


def result_ids(tokenizer: Tokenizer, text: str) -> list[int]:
    """What a tool answered, between its own tags; whatever the text spells, none of it becomes a special token.

    Characters that the tokenizer cannot spell (kind `char`) become question marks, or vanish.

    Raises:
        LabError: the tokenizer has no tags for results.
    """
    return [_token(tokenizer, RESULT), *_spelt(tokenizer, text), _token(tokenizer, RESULT_END)]


def _spelt(tokenizer: Tokenizer, text: str) -> list[int]:
    """Ids of a text that nobody at the keyboard wrote, so that nobody is there to mend it either."""
    text = text.encode("utf-8", "replace").decode()
    try:
        return tokenizer.encode(text)
    except LabError:
        known = set(map(tokenizer.token_bytes, range(tokenizer.vocab_size)))
        other = "?" if b"?" in known else ""
        return tokenizer.encode("".join(c if c.encode() in known else other for c in text))


def _content_ids(
    tokenizer: Tokenizer, content: str | Sequence[str | Mapping[str, str]]
) -> tuple[list[int], list[bool]]:
    """Ids of a text, or of parts: texts, special tokens as `{"token": name}`, and what tools answered.

    Only a part of the form of a token becomes a special token. Text never does, whatever it spells, so a program may
    put what a person typed into a text part, or pass it as the whole content. Beside each id: whether it is the
    speaker's own.
    """
    ids: list[int] = []
    own: list[bool] = []
    for part in [content] if isinstance(content, str) else content:
        if isinstance(part, str):
            more = tokenizer.encode(part)
        elif "result" in part:
            more = result_ids(tokenizer, part["result"])
        else:
            more = [_token(tokenizer, part["token"])]
        ids += more
        own += [isinstance(part, str) or "result" not in part] * len(more)
    return ids, own


def _token(tokenizer: Tokenizer, name: str) -> int:
    if name not in tokenizer.special:
        raise LabError(
            f"the tokenizer has no special token {name!r}",
            "train it anew: `dvc repro train_tokenizer`; with `tokenizer.tools: true` for the Smalltalk tool",
        )
    return tokenizer.special[name]

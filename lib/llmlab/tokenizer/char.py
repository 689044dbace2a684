"""One id per character: the tokenizer of character-level experiments such as Tiny Shakespeare."""

import json
from collections.abc import Iterable, Mapping, Sequence

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer.base import refuse_surrogates
from llmlab.tokenizer.special import special_tokens


class CharTokenizer:
    """See `base.Tokenizer`; special tokens first, then the characters in code point order."""

    kind = "char"

    def __init__(self, model: bytes) -> None:
        """Load the JSON list pair `[special tokens, characters]`.

        Raises:
            LabError: the bytes are no such list.
        """
        try:
            specials, characters = json.loads(model.decode("utf-8"))
            names = [*map(str, specials), *map(str, characters)]
        except (ValueError, TypeError) as error:
            raise LabError("the tokenizer's model file is broken", "run `dvc repro -f train_tokenizer`") from error
        self._model = model
        self._special = {name: token for token, name in enumerate(names[: len(specials)])}
        self._ids = {name: token for token, name in enumerate(names) if token >= len(specials)}
        self._texts = [""] * len(specials) + names[len(specials) :]

    @property
    def vocab_size(self) -> int:
        """V."""
        return len(self._texts)

    @property
    def special(self) -> Mapping[str, int]:
        """Special token to id."""
        return self._special

    def encode(self, text: str) -> list[int]:
        """See `base.Tokenizer.encode`."""
        refuse_surrogates(text)
        try:
            return [self._ids[character] for character in text]
        except KeyError as error:
            raise LabError(
                f"the character {error.args[0]!r} is not in the vocabulary of this character tokenizer",
                "drop it from the text, or set `tokenizer.kind: spm`, which spells anything",
            ) from error

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each text."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Iterable[int]) -> str:
        """See `base.Tokenizer.decode`."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8")

    def token_bytes(self, token: int) -> bytes:
        """The UTF-8 bytes that an id stands for."""
        if not 0 <= token < len(self._texts):
            raise LabError(
                f"id {token} is outside the vocabulary of {len(self._texts)}", "check which tokenizer made it"
            )
        return self._texts[token].encode()

    def model_bytes(self) -> bytes:
        """The JSON list pair."""
        return self._model


def train_char(texts: Iterable[str], languages: Sequence[str], tools: bool = False) -> CharTokenizer:
    """The characters that occur in the texts.

    Raises:
        LabError: no text at all.
    """
    characters: set[str] = set()
    for text in texts:
        refuse_surrogates(text)
        characters.update(text)
    if not characters:
        raise LabError(
            "there is no text to train a tokenizer on",
            "look at metrics/clean/ and metrics/split.json for where it went",
        )
    pair = [special_tokens(languages, tools), sorted(characters)]
    return CharTokenizer(json.dumps(pair, ensure_ascii=False).encode("utf-8"))

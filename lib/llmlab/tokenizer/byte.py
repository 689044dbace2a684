"""One id per byte: the baseline without a vocabulary, which needs no training and knows every text."""

import json
from collections.abc import Sequence

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer.base import refuse_surrogates
from llmlab.tokenizer.special import special_tokens
from llmlab.tokenizer.vocabulary import Vocabulary


class ByteTokenizer(Vocabulary):
    """See `base.Tokenizer`; a byte's id is its value, special tokens follow from 256."""

    kind = "byte"

    def __init__(self, model: bytes) -> None:
        """Load the JSON list of special tokens.

        Raises:
            LabError: the bytes are no such list.
        """
        try:
            special = json.loads(model.decode("utf-8"))
            if not isinstance(special, list):
                raise TypeError(special)
        except (ValueError, TypeError) as error:
            raise LabError("the tokenizer's model file is broken", "run `dvc repro -f train_tokenizer`") from error
        super().__init__([bytes([byte]) for byte in range(256)], [str(name) for name in special])
        self._model = model

    def encode(self, text: str) -> list[int]:
        """See `base.Tokenizer.encode`."""
        refuse_surrogates(text)
        return list(text.encode())

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each text."""
        return [self.encode(text) for text in texts]

    def model_bytes(self) -> bytes:
        """The JSON list of special tokens."""
        return self._model


def make_byte(languages: Sequence[str], tools: bool = False) -> ByteTokenizer:
    """The tokenizer of bytes, with the special tokens of these languages."""
    return ByteTokenizer(json.dumps(special_tokens(languages, tools), ensure_ascii=False).encode())

"""What each id stands for: the part of a tokenizer that reads ids back, shared by the kinds that spell in bytes."""

from collections.abc import Iterable, Mapping, Sequence

from llmlab.artifacts.errors import LabError


class Vocabulary:
    """Tokens as bytes, ids from 0, and after them the special tokens, which stand for no bytes."""

    def __init__(self, tokens: Sequence[bytes], special: Sequence[str]) -> None:
        self._bytes = [*tokens, *(b"" for _ in special)]
        self._special = {name: token for token, name in enumerate(special, len(tokens))}

    @property
    def vocab_size(self) -> int:
        """V."""
        return len(self._bytes)

    @property
    def special(self) -> Mapping[str, int]:
        """Special token to id."""
        return self._special

    def decode(self, ids: Iterable[int]) -> str:
        """See `base.Tokenizer.decode`."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", errors="replace")

    def token_bytes(self, token: int) -> bytes:
        """The UTF-8 bytes that an id stands for."""
        if not 0 <= token < len(self._bytes):
            raise LabError(
                f"id {token} is outside the vocabulary of {len(self._bytes)}", "check which tokenizer made it"
            )
        return self._bytes[token]

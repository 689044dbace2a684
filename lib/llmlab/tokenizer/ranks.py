"""Files of ranks: a token a line in base64, and its rank, as tiktoken reads and writes them.

The model file of the kinds made of ranks is such a file below one line of JSON that says the rest.
"""

import base64
import binascii
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import check_version

RANKS_VERSION = 1
_WHOLE = "take a whole file: one line a token, base64 and rank, ranks 0, 1, 2 … without a hole"
_RETRAIN = "run `dvc repro -f train_tokenizer`"


@dataclass(frozen=True, kw_only=True)
class RankModel:
    """Everything that decides the ids of a text."""

    split: str
    """Name or pattern of the split (see `splits`)."""
    tokens: tuple[bytes, ...]
    """Tokens in the order of their ranks; a rank is an id."""
    special: tuple[str, ...]
    """Special tokens in the order of their ids, which follow the ranks."""
    spelling: str = "merges"
    """How a piece is spelt in tokens: by `merges` in the order of ranks, or in the `fewest` (kinds of a domain)."""

    def to_bytes(self) -> bytes:
        """The model file."""
        head = {
            "version": RANKS_VERSION,
            "split": self.split,
            "tokens": len(self.tokens),
            "special": list(self.special),
        } | ({"spelling": self.spelling} if self.spelling != "merges" else {})
        return json.dumps(head, ensure_ascii=False, sort_keys=True).encode() + b"\n" + format_ranks(self.tokens)


def read_model(model: bytes) -> RankModel:
    """A model from its file.

    Raises:
        LabError: broken, truncated, of another version, or with a hole in its ranks.
    """
    head, _, body = model.partition(b"\n")
    try:
        facts = json.loads(head)
        split, count, special = str(facts["split"]), int(facts["tokens"]), tuple(map(str, facts["special"]))
        spelling = str(facts.get("spelling", "merges"))
    except (ValueError, TypeError, KeyError) as error:
        raise LabError("the tokenizer's model file is broken: its first line does not describe it", _RETRAIN) from error
    check_version(facts.get("version"), RANKS_VERSION, Path("the tokenizer's model file"), _RETRAIN)
    tokens = parse_ranks(body, "the tokenizer's model file")
    if len(tokens) != count:
        raise LabError(f"the tokenizer's model file is truncated: {len(tokens)} of {count} tokens", _RETRAIN)
    return RankModel(split=split, tokens=tuple(tokens), special=special, spelling=spelling)


def read_ranks(path: Path) -> list[bytes]:
    """The tokens of a rank file in the order of their ranks.

    Raises:
        LabError: no such file, or anything that `parse_ranks` refuses.
    """
    if not path.is_file():
        raise LabError(f"{path} is no file", "name a rank file such as gpt2.tiktoken")
    return parse_ranks(path.read_bytes(), str(path))


def parse_ranks(data: bytes, name: str) -> list[bytes]:
    """Tokens in the order of their ranks; `name` is what errors call the file.

    Raises:
        LabError: a line that is no base64 and rank, a rank or token twice, a hole in the ranks, a byte without a token.
    """
    ranks: dict[int, bytes] = {}
    for number, line in enumerate(data.splitlines(), 1):
        token, rank = _parse_line(line, f"{name}, line {number}")
        if rank in ranks:
            raise LabError(f"{name}, line {number}: rank {rank} occurs twice", _WHOLE)
        ranks[rank] = token
    hole = next((rank for rank in range(len(ranks)) if rank not in ranks), None)
    if hole is not None:
        raise LabError(f"{name} has a hole: no token has rank {hole}, the last rank is {max(ranks)}", _WHOLE)
    _check_tokens([ranks[rank] for rank in range(len(ranks))], name)
    return [ranks[rank] for rank in range(len(ranks))]


def format_ranks(tokens: Sequence[bytes]) -> bytes:
    """A rank file, the inverse of `parse_ranks`."""
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))


def _parse_line(line: bytes, where: str) -> tuple[bytes, int]:
    try:
        text, rank = line.split(b" ")
        token = base64.b64decode(text, validate=True)
        if not token or not rank.isdigit():
            raise ValueError(line)
    except (ValueError, binascii.Error) as error:
        raise LabError(f"{where} is cut or broken: {line[:40].decode('latin-1')!r}", _WHOLE) from error
    return token, int(rank)


def _check_tokens(tokens: list[bytes], name: str) -> None:
    times = Counter(tokens)
    if len(times) < len(tokens):
        raise LabError(f"{name} has the token {times.most_common(1)[0][0]!r} twice", _WHOLE)
    lost = [byte for byte in range(256) if bytes([byte]) not in times]
    if lost:
        raise LabError(f"{name} is cut or broken: {len(lost)} bytes have no token, the first is {lost[0]:#04x}", _WHOLE)

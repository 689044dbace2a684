"""SentencePiece BPE and Unigram with byte fallback, made exact: whatever goes in comes out.

SentencePiece itself does not round-trip: it writes a space as U+2581 and turns every U+2581 back into a space, and it
stops at NUL. Those two characters never reach it; they are spelt with its byte tokens here.
"""

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import sentencepiece

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer.base import TokenizerConfig, refuse_surrogates
from llmlab.tokenizer.special import special_tokens

_SPACE = "\u2581"
_UNSAFE = re.compile("([\u2581\0])")
# A token never reaches across a line's start: the newline opens it. So a text cut at the end of a line has the tokens
# it had when whole, and a prompt that ends there is continued by what followed in training.
_LINE = re.compile(r"\n*[^\n]+|\n+")


class SpmTokenizer:
    """See `base.Tokenizer`; special tokens are SentencePiece control symbols, which text cannot produce."""

    kind = "spm"

    def __init__(self, model: bytes) -> None:
        """Load a serialised SentencePiece model.

        Raises:
            LabError: the bytes are no such model.
        """
        self._model = model
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(model)
        except (RuntimeError, OSError) as error:
            raise LabError("the tokenizer's model file is broken", "run `dvc repro -f train_tokenizer`") from error
        size = self._processor.GetPieceSize()
        self._bytes = [self._piece_bytes(token) for token in range(size)]
        self._byte_ids = {
            int(self._processor.IdToPiece(token)[3:5], 16): token
            for token in range(size)
            if self._processor.IsByte(token)
        }
        self._special = {
            self._processor.IdToPiece(token): token for token in range(size) if self._processor.IsControl(token)
        }

    @property
    def vocab_size(self) -> int:
        """V."""
        return len(self._bytes)

    @property
    def special(self) -> Mapping[str, int]:
        """Special token to id."""
        return self._special

    def encode(self, text: str) -> list[int]:
        """See `base.Tokenizer.encode`."""
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each text."""
        for text in texts:
            refuse_surrogates(text)
        return [[token for part in _UNSAFE.split(text) for token in self._encode_part(part)] for text in texts]

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

    def model_bytes(self) -> bytes:
        """The serialised SentencePiece model."""
        return self._model

    def _encode_part(self, part: str) -> list[int]:
        if not part:
            return []
        if _UNSAFE.match(part):
            return [self._byte_ids[byte] for byte in part.encode()]
        lines = self._processor.EncodeAsIds(_LINE.findall(part))
        return [token for line in lines for token in line]

    def _piece_bytes(self, token: int) -> bytes:
        piece = self._processor.IdToPiece(token)
        if self._processor.IsByte(token):
            return bytes([int(piece[3:5], 16)])
        if self._processor.IsControl(token) or self._processor.IsUnknown(token):
            return b""
        return piece.replace(_SPACE, " ").encode()


class UnigramTokenizer(SpmTokenizer):
    """The same with a Unigram model: of all ways to spell a text, the one whose tokens are likeliest."""

    kind = "unigram"


def train_spm(texts: Iterable[str], config: TokenizerConfig, languages: Sequence[str]) -> SpmTokenizer:
    """Learn merges from texts (Sennrich et al. 2016, arXiv 1508.07909; Kudo & Richardson 2018, arXiv 1808.06226).

    Raises:
        LabError: no text at all, or too little for the vocabulary asked for.
    """
    return SpmTokenizer(_learn("bpe", texts, config, languages))


def train_unigram(texts: Iterable[str], config: TokenizerConfig, languages: Sequence[str]) -> UnigramTokenizer:
    """Start from many frequent substrings, then drop those whose loss costs least (Kudo 2018, arXiv 1804.10959).

    Raises:
        LabError: as `train_spm`.
    """
    return UnigramTokenizer(_learn("unigram", texts, config, languages))


def _learn(model_type: str, texts: Iterable[str], config: TokenizerConfig, languages: Sequence[str]) -> bytes:
    specials = special_tokens(languages, config.tools)
    model = io.BytesIO()
    lines = list(_trainable(texts))
    if not lines:
        raise LabError(
            "there is no text to train a tokenizer on",
            "look at metrics/clean/ and metrics/split.json for where it went",
        )
    try:
        sentencepiece.SentencePieceTrainer.Train(
            sentence_iterator=iter(lines),
            model_writer=model,
            model_type=model_type,
            vocab_size=config.vocab_size,
            byte_fallback=True,
            character_coverage=config.character_coverage,
            max_sentencepiece_length=config.max_piece_length,
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True,
            split_digits=True,
            max_sentence_length=1_000_000,
            # One thread, no shuffling: the same text gives the same model.
            num_threads=1,
            shuffle_input_sentence=False,
            control_symbols=specials[3:],
            pad_id=0,
            pad_piece=specials[0],
            bos_id=1,
            bos_piece=specials[1],
            eos_id=2,
            eos_piece=specials[2],
            unk_id=len(specials),
            minloglevel=2,
        )
    except RuntimeError as error:
        raise LabError(
            f"SentencePiece could not learn {config.vocab_size} tokens from this text: {str(error).splitlines()[-1]}",
            "raise `tokenizer.vocab_size` if characters do not fit into it, lower it if the text is too short for it",
        ) from error
    return model.getvalue()


def _trainable(texts: Iterable[str]) -> Iterator[str]:
    """Texts line by line, as `encode` hands them on, without the two characters SentencePiece cannot take."""
    for text in texts:
        refuse_surrogates(text)
        clean = _UNSAFE.sub("", text)
        yield from (line for line in _LINE.findall(clean) if line.strip())

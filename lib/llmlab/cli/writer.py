"""A loaded model that continues text: what `sample`, `chat` and `compare` share."""

import codecs
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmlab.adapt.lora import merge_lora
from llmlab.adapt.store import load_adapter
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.cli.project import BASE, CHAT, stage_of
from llmlab.decode.engine import stream
from llmlab.decode.sampling import SamplingConfig
from llmlab.model.checkpoint import load_model, load_weights, weights_hash
from llmlab.model.transformer import Transformer
from llmlab.runtime.device import pick_device
from llmlab.runtime.seed import torch_generator
from llmlab.tokenizer.base import Tokenizer, tokenizer_hash
from llmlab.tokenizer.chat import encode_prompt, opening
from llmlab.tokenizer.domain import DomainTokenizer
from llmlab.tokenizer.special import END, EOS
from llmlab.tokenizer.table import load_tokenizer


@dataclass(frozen=True)
class Writer:
    """A model, the tokenizer it was made with, and how to draw."""

    model: Transformer
    tokenizer: Tokenizer
    sampling: SamplingConfig

    def continued(self, lang: str, text: str, seed: int, number: int = 0) -> Iterator[str]:
        """What follows `text` in a document, in pieces; draw `number` of a seed is the same whatever else is drawn.

        Raises:
            LabError: the tokenizer does not know the language, or cannot spell the text.
        """
        prompt = [*opening(self.tokenizer, lang), *self.tokenizer.encode(text)]
        return self._text(prompt, f"sample/{lang}/{number}", seed, {self.tokenizer.special[EOS]})

    def answer(self, lang: str, messages: list[dict[str, str]], seed: int) -> Iterator[str]:
        """What the assistant says next, in pieces; the oldest turns are left out when the context is too short.

        Raises:
            LabError: the last message alone is longer than the model reads; or as in `continued`.
        """
        prompt = self._prompt_that_fits(lang, messages)
        stop = {self.tokenizer.special[END], self.tokenizer.special[EOS]}
        return self._text(prompt, f"chat/{lang}/{len(messages)}", seed, stop)

    def _prompt_that_fits(self, lang: str, messages: list[dict[str, str]]) -> list[int]:
        context = self.model.config.context
        room = context - min(self.sampling.max_new, context // 2)
        system = [message for message in messages[:1] if message["role"] == "system"]
        turns = messages[len(system) :]
        while True:
            prompt = encode_prompt(self.tokenizer, lang, [*system, *turns])
            if len(prompt) <= room:
                return prompt
            if len(turns) <= 2:
                # Less than a whole exchange is left: what remains is the question itself.
                break
            turns = turns[2:]
        raise LabError(
            f"that message takes {len(prompt)} tokens; the model reads {context}, of which {room} may be the question",
            "ask in fewer words, or lower --max-new",
        )

    def _text(self, prompt: Sequence[int], name: str, seed: int, stop: Collection[int]) -> Iterator[str]:
        banned = set(self.tokenizer.special.values()) - set(stop)
        generator = torch_generator(seed, name)
        ids = stream(self.model, prompt, self.sampling, generator, stop=stop, banned=banned)
        if isinstance(self.tokenizer, DomainTokenizer) and self.tokenizer.rewrites:
            return restored(self.tokenizer, prompt, ids)
        return pieces(map(self.tokenizer.token_bytes, ids))


def pieces(parts: Iterable[bytes]) -> Iterator[str]:
    """Text from the bytes of one token after the other; a character is handed over only when it is whole.

    Put together, the pieces are what decoding all bytes at once gives: bytes that are no UTF-8 become U+FFFD.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for part in parts:
        if text := decoder.decode(part):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text


def restored(tokenizer: Tokenizer, prompt: Sequence[int], ids: Iterable[int]) -> Iterator[str]:
    """The same where tokens are no text by themselves: what follows is read together with all that stands before it."""
    known, said = list(prompt), tokenizer.decode(prompt)
    for token in ids:
        known.append(token)
        text = tokenizer.decode(known)
        # A character that is not whole yet shows as U+FFFD, and is held back until the next token.
        if text.startswith(said) and not text.endswith("\ufffd"):
            yield text[len(said) :]
            said = text
    text = tokenizer.decode(known)
    if text.startswith(said) and text != said:
        yield text[len(said) :]


def shown(text: str) -> str:
    """Text that a terminal may be given: a model can spell the codes that move the cursor or change the window."""
    return "".join(c if c in "\n\t" or unicodedata.category(c) != "Cc" else "\ufffd" for c in text)


def load_writer(
    *,
    model: Path,
    tokenizer: Path,
    sampling: SamplingConfig,
    adapter: Path | None = None,
    step: int | None = None,
    device: str = "cpu",
) -> Writer:
    """A model folder with its tokenizer, at a milestone when `step` is given, with an adapter merged in.

    Raises:
        LabError: anything missing, broken, or made for another tokenizer or base.
    """
    stage = stage_of(model)
    _refuse_strangers(model, tokenizer)
    words = load_tokenizer(tokenizer)
    network = load_model(model, stage, tokenizer_hash(words))
    if step is not None:
        load_weights(network, _milestone(model, step), stage)
    if adapter is not None:
        load_adapter(network, _adapter_folder(adapter), weights_hash(model, stage))
        merge_lora(network)
    return Writer(network.to(pick_device(device)).eval(), words, sampling)


def sampling_from(*, temperature: float, top_k: int, top_p: float, max_new: int, command: str) -> SamplingConfig:
    """The options of a command as a config.

    Raises:
        LabError: one is out of range; ends with an example of `command`.
    """
    values = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "max_new": max_new}
    try:
        return build(SamplingConfig, values, "options")
    except LabError as error:
        raise LabError(
            error.problem, f"try `{command} --temperature 0.8 --top-k 40 --top-p 0.95 --max-new 120`"
        ) from error


def _refuse_strangers(model: Path, tokenizer: Path) -> None:
    """Say which folder was meant when there is none at all: a path may be misspelt, or the stage not run yet."""
    for folder, stage in ((tokenizer, "train_tokenizer"), (model, stage_of(model))):
        if not folder.is_dir():
            raise LabError(f"{folder} is missing", f"run `dvc repro {stage}`, or name another one ({_at_hand()})")


def _at_hand() -> str:
    found = [str(path) for path in (BASE, CHAT) if (path / "config.json").is_file()]
    return f"models here: {', '.join(found)}" if found else "there is no model here yet"


def _milestone(model: Path, step: int) -> Path:
    folder = model / "milestones"
    path = folder / f"step-{step:06d}.safetensors"
    if not path.exists():
        steps = sorted(int(found.stem.removeprefix("step-")) for found in folder.glob("step-*.safetensors"))
        known = ", ".join(map(str, steps)) or "none"
        raise LabError(
            f"{model} kept no weights of step {step} (kept: {known})",
            "use one of those, or add the step to `train.milestones` in params.yaml and run `dvc repro pretrain`",
        )
    return path


def _adapter_folder(path: Path) -> Path:
    if not (path / "base.json").is_file():
        near = sorted(found.parent.name for found in path.parent.glob("*/base.json"))
        raise LabError(
            f"{path} holds no adapter" + (f" (in {path.parent}: {', '.join(near)})" if near else ""),
            "run `dvc repro lora`, which writes the one that params.yaml describes",
        )
    return path

"""A loaded model that continues text: what `sample`, `chat` and `compare` share."""

import os
import shutil
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llmlab.adapt.lora import merge_lora
from llmlab.adapt.store import load_adapter
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.cli.decoding import Decoding
from llmlab.cli.project import BASE, CHAT, stage_of
from llmlab.compress.int8 import to_int8
from llmlab.decode import speculative
from llmlab.decode.calls import Calling, stream_calling
from llmlab.decode.compiled import CompiledReader
from llmlab.decode.engine import generate, stream
from llmlab.decode.reader import Reader
from llmlab.decode.sampling import SamplingConfig
from llmlab.model.checkpoint import load_model, load_weights, weights_hash
from llmlab.model.transformer import Transformer
from llmlab.runtime.device import pick_device
from llmlab.runtime.seed import torch_generator
from llmlab.tokenizer.base import Tokenizer, tokenizer_hash
from llmlab.tokenizer.chat import encode_prompt, opening
from llmlab.tokenizer.domain import DomainTokenizer
from llmlab.tokenizer.pieces import holds_stop, pieces, until
from llmlab.tokenizer.special import END, EOS
from llmlab.tokenizer.table import load_tokenizer


@dataclass(frozen=True)
class Writer:
    """A model, the tokenizer it was made with, and how to draw; `draft` is a model that guesses ahead.

    With `calling` answers may call tools, of which nothing is seen but the answer.
    """

    model: Transformer
    tokenizer: Tokenizer
    sampling: SamplingConfig
    decoding: Decoding = field(default_factory=Decoding)
    draft: Transformer | None = None
    calling: Calling | None = None

    def continued(self, lang: str, text: str, seed: int, number: int = 0) -> Iterator[str]:
        """What follows `text` in a document, in pieces; draw `number` of a seed is the same whatever else is drawn.

        Raises:
            LabError: the tokenizer does not know the language, or cannot spell the text.
        """
        prompt = [*opening(self.tokenizer, lang), *self.tokenizer.encode(text)]
        return self._text(prompt, f"sample/{lang}/{number}", seed, {self.tokenizer.special[EOS]})

    def continued_all(self, lang: str, texts: Sequence[str], seed: int) -> list[str]:
        """What follows each of several texts, written side by side as one batch.

        Raises:
            LabError: ids are to be guessed ahead, which takes one text at a time; or as in `continued`.
        """
        if self.decoding.guesses:
            raise LabError("--draft and --lookup guess for one text at a time", "leave them out, or give one prompt")
        prompts = [[*opening(self.tokenizer, lang), *self.tokenizer.encode(text)] for text in texts]
        ends = {self.tokenizer.special[EOS]}
        made = generate(
            self.model, prompts, self.sampling, torch_generator(seed, f"sample/{lang}/batch"),
            stop=ends, banned=self._banned(ends), kind=self.decoding.cache,
            finished=holds_stop(self.tokenizer, self.decoding.stop),
        )  # fmt: skip
        return ["".join(self._shaped(prompt, each.ids)) for prompt, each in zip(prompts, made, strict=True)]

    def answer(self, lang: str, messages: list[dict[str, str]], seed: int) -> Iterator[str]:
        """What the assistant says next, in pieces; the oldest turns are left out when the context is too short.

        Raises:
            LabError: the last message alone is longer than the model reads; or as in `continued`.
        """
        prompt = self._prompt_that_fits(lang, messages)
        stop = {self.tokenizer.special[END], self.tokenizer.special[EOS]}
        name = f"chat/{lang}/{len(messages)}"
        if self.calling is None:
            return self._text(prompt, name, seed, stop)
        made = stream_calling(
            self.model, prompt, self.sampling, torch_generator(seed, name), self.calling,
            stop=stop, banned=self._banned(stop),
        )  # fmt: skip
        return self._shaped(prompt, (each for each in made if isinstance(each, int)))

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
        generator, banned = torch_generator(seed, name), self._banned(stop)
        how = self.decoding
        if not how.guesses:
            ids = stream(self.model, prompt, self.sampling, generator, stop=stop, banned=banned, kind=how.cache)
            return self._shaped(prompt, ids)
        guesser: speculative.Guesser = speculative.Lookup(self.model.vocab_size)
        if self.draft is not None:
            guesser = speculative.Draft(self.draft, self.sampling, banned)
        ids = speculative.stream(
            self.model, prompt, self.sampling, generator, guesser, ahead=how.ahead, stop=stop, banned=banned
        )
        return self._shaped(prompt, ids)

    def _shaped(self, prompt: Sequence[int], ids: Iterable[int]) -> Iterator[str]:
        """Ids as text in whole characters, up to a stop text."""
        if isinstance(self.tokenizer, DomainTokenizer) and self.tokenizer.rewrites:
            return until(restored(self.tokenizer, prompt, ids), self.decoding.stop)
        return until(pieces(map(self.tokenizer.token_bytes, ids)), self.decoding.stop)

    def _banned(self, stop: Collection[int]) -> set[int]:
        return set(self.tokenizer.special.values()) - set(stop)


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
    decoding: Decoding | None = None,
) -> Writer:
    """A model folder with its tokenizer, at a milestone when `step` is given, with an adapter merged in.

    Raises:
        LabError: anything missing, broken, or made for another tokenizer or base.
    """
    decoding = decoding or Decoding()
    stage = stage_of(model)
    _refuse_strangers(model, tokenizer)
    words = load_tokenizer(tokenizer)
    network = load_model(model, stage, tokenizer_hash(words))
    if step is not None:
        load_weights(network, _milestone(model, step), stage)
    if adapter is not None:
        load_adapter(network, _adapter_folder(adapter), weights_hash(model, stage))
        merge_lora(network)
    network = network.to(pick_device(device)).eval()
    draft = None
    if decoding.draft is not None:
        _refuse_strangers(decoding.draft, tokenizer)
        smaller = load_model(decoding.draft, stage_of(decoding.draft), tokenizer_hash(words))
        draft = _rearranged(smaller.to(pick_device(device)), decoding)
    return Writer(_rearranged(network, decoding), words, sampling, decoding, draft)


def _rearranged(model: Transformer, decoding: Decoding) -> Transformer:
    """The model as the options want it read; as it is when they want nothing."""
    if not (decoding.fused or decoding.int8 or decoding.compiled):
        return model
    if decoding.compiled and shutil.which(os.environ.get("CXX", "g++")) is None:
        raise LabError("--compile needs a C++ compiler, and there is none", "install g++, or leave it out")
    reader = CompiledReader(model) if decoding.compiled else Reader(model)
    if decoding.int8:
        to_int8(reader)
    return reader


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

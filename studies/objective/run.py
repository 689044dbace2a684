"""All arms with one seed: `python run.py --seed 1 --split ../../data/split --out results/1.json`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cloze import guesses, measure, places
from masking import MaskedSource, hide, make_encoder
from probe import accuracy, states

from llmlab.artifacts.documents import Document, read_documents
from llmlab.artifacts.manifest import hash_file
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section, to_dict
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.pipeline.stage import run_stage
from llmlab.runtime.seed import derive, numpy_generator, torch_generator
from llmlab.shards.batches import StreamSource
from llmlab.shards.byte_shard import byte_shard, byte_tokenizer, spread_batches
from llmlab.train.config import TrainConfig
from llmlab.train.trial import Trial, once, run_trial

SCRATCH = Path(".scratch")
# Rows of the validation set are hidden by numbers that no training row has.
_BEYOND = 1 << 40


@dataclass(frozen=True, kw_only=True)
class ArmsConfig:
    """Section `arms` of the study's params.yaml."""

    arms: dict[str, float | None]
    """Share of ids hidden from each encoder; null for the decoder."""
    model: ModelConfig
    """The model of every arm."""
    train: TrainConfig
    """How every arm is trained."""
    validation_bytes: int
    """Of the validation set, evenly spread over it."""


@dataclass(frozen=True, kw_only=True)
class ClozeConfig:
    """Section `cloze` of the study's params.yaml."""

    places: int
    """Bytes to guess."""
    before: int
    """Bytes of text before each."""
    after: int
    """Bytes of text after each."""


@dataclass(frozen=True, kw_only=True)
class ProbeConfig:
    """Section `probe` of the study's params.yaml."""

    fit: int
    """Training documents that the probe is fitted on."""
    test: int
    """Documents of the test set that it is tested on."""
    bytes: int
    """Of each document, from its beginning."""
    ridge: float
    """Penalty on the probe's weights, whose inputs have unit variance."""


class Arena:
    """What all arms of a seed have in common: texts, the byte that hides, and the questions asked in the end."""

    def __init__(self, seed: int, split: Path) -> None:
        params = Path("params.yaml")
        self.seed, self.tokenizer = seed, byte_tokenizer()
        self.arms = load_section(params, "arms", ArmsConfig)
        self.cloze, self.probe = (
            load_section(params, "cloze", ClozeConfig),
            load_section(params, "probe", ProbeConfig),
        )
        self.train, self.validation, self.test = (byte_shard(split / f"{name}.parquet") for name in _SETS)
        self.documents = {name: _smalltalk(split / f"{name}.parquet") for name in ("train", "test")}
        # One id more than the tokenizer has, for all arms alike.
        self.mask = self.tokenizer.vocab_size
        draw = numpy_generator(seed, "cloze")
        self.windows = places(self.test, self.cloze.places, self.cloze.before, self.cloze.after, draw)

    def run(self, name: str, share: float | None, scratch: Path) -> dict[str, Any]:
        """Train one arm and ask it everything."""
        trial = Trial(model=self.arms.model, train=self.arms.train, vocab_size=self.mask + 1, seed=self.seed)
        source: Any = StreamSource(self.train, trial.model.context, derive(self.seed, "data order"), False)
        held_out = spread_batches(self.validation, trial.model.context, trial.train.rows, self.arms.validation_bytes)
        if share is not None:
            masks = derive(self.seed, "masks")
            source = MaskedSource(source, share, self.mask, masks)
            held_out = [hide(each, share, self.mask, masks, _BEYOND + n) for n, each in enumerate(held_out)]
        tried = run_trial(
            trial,
            source,
            held_out,
            scratch=scratch,
            name=f"{name} {self.seed}",
            change=make_encoder if share is not None else lambda _: None,
        )
        found = self.ask(tried.model, encodes=share is not None)
        return {
            **found,
            "own_bits": round(tried.outcome.curve[-1]["val_loss"] / np.log(2), 4),
            "read": trial.train.steps * trial.train.rows * trial.model.context,
            "targets": tried.outcome.tokens,
            "curve": [[point["step"], round(point["val_loss"] / np.log(2), 4)] for point in tried.outcome.curve],
            "seconds": round(tried.seconds, 2),
        }

    def ask(self, model: Transformer, *, encodes: bool) -> dict[str, Any]:
        """The byte that is gone, from one side and from both; and what a probe reads off."""
        answers = guesses(model, self.mask, encodes=encodes)
        cloze = {side: measure(guess, self.windows, self.cloze.before) for side, guess in answers.items()}
        return {**cloze, "probe": self.probe_of(model)}

    def probe_of(self, model: Transformer) -> dict[str, float]:
        """Fit the probe on training documents, test it on others."""
        pairs = (("train", self.probe.fit), ("test", self.probe.test))
        fit, test = (
            states(model, self.documents[name][:count], self.tokenizer, self.probe.bytes) for name, count in pairs
        )
        return accuracy(fit, test, self.probe.ridge)

    def untrained(self) -> dict[str, float]:
        """The control: the probe on the weights that all arms begin with, seeing both ways."""
        model = Transformer(self.arms.model, self.mask + 1, torch_generator(self.seed, "init")).eval()
        make_encoder(model)
        return self.probe_of(model)


_SETS = ("train", "val", "test")


def main(*, seed: int, split: Path, out: Path) -> None:
    """Run the arms; what is finished is not run again."""
    arena = Arena(seed, split)
    made_of = {
        **{name: to_dict(getattr(arena, name)) for name in ("arms", "cloze", "probe")},
        "seed": seed,
        "data": hash_file(split / "train.parquet"),
    }
    report: dict[str, Any] = {}
    for name, share in arena.arms.arms.items():
        report[name] = once(
            SCRATCH,
            {**made_of, "arm": name},
            lambda scratch, name=name, share=share: arena.run(name, share, scratch),  # type: ignore[misc]
        )
    report["untrained"] = {"probe": arena.untrained()}
    write_metrics(out, report)


def _smalltalk(path: Path) -> list[Document]:
    return [document for document in read_documents(path, "split") if document.lang == "smalltalk"]


if __name__ == "__main__":
    run_stage(main)

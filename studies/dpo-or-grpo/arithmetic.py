"""Sums and differences up to 99 by a model of 100,000 parameters that has seen 2,000 of them and gets a third right."""

import math
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from arms import Field, compete
from torch import nn

from llmlab.align.fit import reward_lacking
from llmlab.align.log_probs import frozen_log_probs, rows_of
from llmlab.align.problems import Problems, questions
from llmlab.align.recipe import AlignConfig
from llmlab.align.rewards import grade_answer
from llmlab.artifacts.manifest import hash_json
from llmlab.artifacts.params import build, read_params, to_dict
from llmlab.model.checkpoint import load_weights, save_weights
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.runtime.device import set_threads
from llmlab.runtime.seed import derive, torch_generator
from llmlab.shards.batches import Batch, PackedSource
from llmlab.tasks.table import draw_examples
from llmlab.tokenizer.base import Tokenizer, TokenizerConfig
from llmlab.tokenizer.special import PAD
from llmlab.tokenizer.table import train_tokenizer
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train


@dataclass(frozen=True, kw_only=True)
class ArithmeticConfig:
    """`pairs` questions to learn from, `held_out` to choose by, `test` to judge by with `drawn` answers each."""

    lang: str
    pairs: int
    held_out: int
    test: int
    drawn: int
    start_at: float
    """The start stops at the first validation whose likeliest answers are right in this share of held-out questions."""
    model: ModelConfig
    start: TrainConfig
    grpo: AlignConfig
    best_of: AlignConfig
    dpo: AlignConfig
    imitate: AlignConfig


def run(seed: int, out: Path, times: int = 1) -> None:
    """All arms from one start; `times` the steps of grpo, and so of the others, which draw `times` the answers."""
    config = build(ArithmeticConfig, read_params(Path("params.yaml"))["arithmetic"], "params.yaml: arithmetic")
    set_threads(config.start.threads)
    sizes = {"train": config.pairs, "val": config.held_out, "test": config.test}
    drawn = {
        name: draw_examples(["arithmetic"], [config.lang], name, size, seed)["arithmetic"]
        for name, size in sizes.items()
    }
    words = train_tokenizer([each.prompt for each in drawn["train"]], TokenizerConfig(kind="char"), [config.lang])
    sets = {name: questions(words, examples, grade_answer) for name, examples in drawn.items()}
    model = begin(config, words, sets, seed)
    longer = replace(config.grpo.train, steps=times * config.grpo.train.steps)
    arms = {"grpo": replace(config.grpo, train=longer)} | {
        name: replace(arm, ask=times * arm.ask)
        for name, arm in (("best_of", config.best_of), ("dpo", config.dpo), ("imitate", config.imitate))
    }
    field = Field(
        sets["train"],
        sets["val"],
        sets["test"],
        lambda answer: answer.parts["correct"] == 1,
        lambda model: question_bits(model, sets["test"]),
        config.drawn,
    )
    compete(model, field, arms, seed, out)


def begin(config: ArithmeticConfig, words: Tokenizer, sets: dict[str, Problems], seed: int) -> Transformer:
    """Fine-tune from nothing until about `start_at` is right; every tenth conversation is learned whole, question too.

    The latter is the text that the price of alignment is measured on. A start that was made before is taken up.
    """
    shapes = {"seed": seed, "model": to_dict(config.model), "train": to_dict(config.start), "until": config.start_at}
    scratch = Path(".scratch") / f"start-{hash_json({**shapes, 'pairs': config.pairs})[:16]}"
    model = Transformer(config.model, words.vocab_size, torch_generator(seed, "weights"))
    pairs = list(zip(sets["train"].prompts, sets["train"].answers, strict=True))
    documents = [np.array([*prompt, *answer]) for prompt, answer in pairs]
    masks = [
        np.arange(len(document)) >= (2 if number % 10 == 0 else len(prompt))
        for number, (document, (prompt, _)) in enumerate(zip(documents, pairs, strict=True))
    ]
    source = PackedSource(documents, masks, config.model.context, derive(seed, "start"), words.special[PAD])
    lacking = reward_lacking(sets["val"], config.grpo.sampling, config.grpo.reward)
    seen: list[float] = [0.0]

    def measure(network: nn.Module) -> float:
        seen.append(-lacking(network))
        return -seen[-1]

    def stop_when_good(step: int) -> None:
        if seen[-1] >= config.start_at:
            raise _Reached(f"start: {seen[-1]:.3f} right at step {step}")

    kept = scratch.with_suffix(".safetensors")
    if kept.exists():
        load_weights(model, kept, "run.py")
        return model.eval()
    with suppress(_Reached):
        train(
            model, source, [], config.start, scratch=scratch, name="start", measure=measure, after_step=stop_when_good
        )
    shutil.rmtree(scratch, ignore_errors=True)
    save_weights(model, kept)
    return model.eval()


class _Reached(BaseException):
    """The start is good enough."""


def question_bits(model: Transformer, problems: Problems) -> float:
    """Bits per byte of the questions' text: how well the model still writes what it was not aligned to."""
    texts = [problems.tokenizer.decode(prompt) for prompt in problems.prompts]
    ids_BT, targets_BT = rows_of([prompt[:3] for prompt in problems.prompts], [p[3:] for p in problems.prompts], 10**6)
    nats = -frozen_log_probs(model, Batch(ids_BT, targets_BT, None, "questions")).sum().item()
    return nats / math.log(2) / sum(len(text.encode()) for text in texts)

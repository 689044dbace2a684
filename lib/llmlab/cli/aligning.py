"""A chat model aligned to the graders of tasks, from recipe to model folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from llmlab.align.fit import Aligned, align
from llmlab.align.problems import Problems, questions
from llmlab.align.recipe import AlignConfig
from llmlab.align.rewards import grade_answer
from llmlab.artifacts.atomic import atomic_folder
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import provenance
from llmlab.artifacts.params import build, read_params, to_dict
from llmlab.model.checkpoint import load_model, parameters_of, save_model
from llmlab.model.transformer import Transformer
from llmlab.runtime.device import machine_facts
from llmlab.tasks.table import TASKS, draw_examples
from llmlab.tokenizer.base import Tokenizer, tokenizer_hash
from llmlab.tokenizer.table import load_tokenizer
from llmlab.train.journal import Point
from llmlab.train.loop import put_weights
from llmlab.train.scratch import drop_run, run_folder
from llmlab.train.setup import prepare

_CARD = """# {name}

A small language model of {parameters:,} parameters, aligned by llm-lab: method `{method}`, {steps} steps, rewarded for
{tasks}. Mean reward of the likeliest answers to held-out questions: {reward:.3f}.

A reward is all that it was taught by: what no reward speaks of may have become worse. `training.json` holds the recipe.
"""


class Asked(NamedTuple):
    """Tasks and languages of the questions, and how many of each set."""

    tasks: tuple[str, ...]
    languages: tuple[str, ...]
    sizes: Mapping[str, int]


def align_chat(
    recipe: Path, asked: Asked, *, model: Path, stage: str, tokenizer: Path, out: Path, seed: int
) -> list[Point]:
    """Align the chat model in folder `model`, write it to `out`, and return the curve.

    A run that was killed goes on where it was. Raises LabError for whatever is missing, broken or without meaning.
    """
    config = build(AlignConfig, read_params(recipe), str(recipe))
    words = load_tokenizer(tokenizer)
    digest = tokenizer_hash(words)
    network = load_model(model, stage, digest)
    sets = problem_sets(words, asked, seed)
    device = prepare(config.train, network.config, words.vocab_size, seed, "align", isolated=True)
    facts = {"tasks": list(asked.tasks), "languages": list(asked.languages), "questions": dict(asked.sizes)}
    made_from = {**provenance(seed, base_folder=model), **facts, "recipe": to_dict(config)}
    scratch = run_folder("align", {**made_from, "torch": machine_facts()["torch"]})
    found = align(network.to(device), sets["train"], sets["val"], config, seed=seed, scratch=scratch)
    _save(network, found, config, asked, out, digest, made_from)
    drop_run(scratch)
    return found.outcome.curve


def problem_sets(words: Tokenizer, asked: Asked, seed: int) -> dict[str, Problems]:
    """So many questions of each set, task and language.

    Raises:
        LabError: there is no such task, or it cannot be asked in any of the languages.
    """
    for name in asked.tasks:
        if name not in TASKS:
            raise LabError(f"there is no task {name!r}", f"take one of {', '.join(TASKS)}")
    drawn = {wanted: draw_examples(asked.tasks, asked.languages, wanted, n, seed) for wanted, n in asked.sizes.items()}
    return {
        wanted: questions(words, [each for group in groups.values() for each in group], grade_answer)
        for wanted, groups in drawn.items()
    }


def _save(
    network: Transformer,
    found: Aligned,
    config: AlignConfig,
    asked: Asked,
    out: Path,
    digest: str,
    made_from: Mapping[str, Any],
) -> None:
    outcome = found.outcome
    best = config.train.keep == "best"
    step = outcome.best_step if best else outcome.curve[-1]["step"]
    reward = next(-point["val_loss"] for point in outcome.curve if point["step"] == step)
    card = _CARD.format(
        name=out.name,
        parameters=parameters_of(network),
        method=config.method,
        steps=step,
        tasks=", ".join(asked.tasks),
        reward=reward,
    )
    training = {**made_from, "kept_step": step, "reward": reward, "rounds": list(found.history)}
    put_weights(network, outcome.best if best else outcome.last)
    with atomic_folder(out) as folder:
        save_model(network, folder, digest, training, card)

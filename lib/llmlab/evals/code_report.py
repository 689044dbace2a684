"""The Smalltalk part of the report: completions, whole classes, hidden messages, and all of it along the training."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from llmlab.decode.sampling import SamplingConfig
from llmlab.evals import classes, cloze
from llmlab.evals.completion import Completion, Prompt, begun, bodies_of, complete, make_prompts, measure, spread
from llmlab.evals.config import EvaluateConfig
from llmlab.evals.likelihood import model_scorer, ngram_scorer
from llmlab.evals.memorisation import measure_memorisation
from llmlab.evals.names_and_sends import measure_names_and_sends
from llmlab.evals.subject import Subject
from llmlab.evals.world import World, make_world
from llmlab.evals.writing import Writer, model_writer, ngram_writer

Report = dict[str, Any]
_CODE = "smalltalk"
# What is followed along the training: shares of few completions move in coarse steps, so only these.
FOLLOWED = ("valid", "sound_of_all", "known", "understood", "edit_similarity")


def smalltalk(subject: Subject, config: EvaluateConfig, seed: int) -> tuple[Report, list[Completion]]:
    """Everything that the parser can say of what the base model and the n-gram write, beside real code."""
    held_out = make_prompts(subject.test_documents)
    prompts = spread(held_out, config.completions)
    if not prompts:
        return {}, []
    training = bodies_of(make_prompts(subject.train_documents))
    world = make_world(subject.train_documents, subject.test_documents)
    writers = _writers(subject, _sampling(config, config.max_new), seed)
    completions = _completed(prompts, writers)
    report: Report = {"temperature": config.temperature, "top_p": config.top_p}
    report |= {name: _figures(items, training, world) for name, items in completions.items()}
    if further := spread(begun(held_out, config.begun_tokens), config.begun):
        continued = _completed(further, writers)
        report["begun"] = {name: _figures(items, training, world) for name, items in continued.items()}
    report |= _clozes(subject, config, held_out, world)
    report |= _classes(subject, config, seed, world, training)
    report |= _along(subject, config, seed, prompts, completions["model"], training, world)
    return report, completions["model"]


def correlations(figures: Mapping[str, Any]) -> Report:
    """Pearson's r between bits per byte and each followed share over the checkpoints, and how many there were.

    Negative is as it should be: fewer bits, more that is right. Few checkpoints of one run: a picture, no proof.
    """
    along = figures["smalltalk"].get("along", {})
    found: Report = {}
    for key in FOLLOWED:
        pairs = [(_bits(figures, step), shares.get(key)) for step, shares in along.items()]
        points = [(bits, share) for bits, share in pairs if bits is not None and share is not None]
        found[key] = {"r": _pearson(points), "checkpoints": len(points)}
    return {"correlation": found} if along else {}


def _figures(items: Sequence[Completion], training: set[tuple[str, ...]], world: World) -> Report:
    return {**measure(items, training), **measure_names_and_sends(items, world)}


def _sampling(config: EvaluateConfig, max_new: int) -> SamplingConfig:
    return SamplingConfig(temperature=config.temperature, top_p=config.top_p, max_new=max_new)


def _writers(subject: Subject, sampling: SamplingConfig, seed: int) -> dict[str, Writer]:
    return {
        "model": model_writer(subject.base, subject.tokenizer, _CODE, sampling, seed),
        "kneser_ney": ngram_writer(subject.baseline, subject.tokenizer, _CODE, sampling, seed),
    }


def _completed(prompts: Sequence[Prompt], writers: Mapping[str, Writer]) -> dict[str, list[Completion]]:
    found = {name: complete(prompts, writer) for name, writer in writers.items()}
    return found | {"ceiling": [Completion(prompt, prompt.body, True) for prompt in prompts]}


def _clozes(subject: Subject, config: EvaluateConfig, held_out: Sequence[Prompt], world: World) -> Report:
    gaps = cloze.make_clozes(held_out, world, config.clozes, config.cloze_candidates) if config.clozes else []
    if not gaps:
        return {}
    scorers = {
        "model": model_scorer(subject.base, subject.tokenizer, _CODE),
        "kneser_ney": ngram_scorer(subject.baseline, subject.tokenizer, _CODE),
    }
    found = {name: cloze.measure_clozes(gaps, scorer) for name, scorer in scorers.items()}
    found |= {"commonest": cloze.commonest(gaps, world.counts), "chance": cloze.chance(gaps)}
    return {"cloze": {"gaps": len(gaps), **found}}


def _classes(
    subject: Subject, config: EvaluateConfig, seed: int, world: World, training: set[tuple[str, ...]]
) -> Report:
    prompts = classes.class_prompts(subject.test_documents, config.classes) if config.classes else []
    if not prompts:
        return {}
    writers = _writers(subject, _sampling(config, config.class_tokens), seed)
    texts = {name: classes.write_classes(prompts, writer) for name, writer in writers.items()}
    texts |= {
        "ceiling": [prompt.real for prompt in prompts],
        "ceiling_cut": classes.cut_classes(prompts, subject.tokenizer, config.class_tokens),
    }
    copied = measure_memorisation(texts, subject.tokenizer, subject.training_ids)
    return {
        "classes": {
            name: {**classes.measure_classes(found, prompts, world, training), **copied[name]}
            for name, found in texts.items()
        }
    }


def _along(
    subject: Subject,
    config: EvaluateConfig,
    seed: int,
    prompts: Sequence[Prompt],
    final: Sequence[Completion],
    training: set[tuple[str, ...]],
    world: World,
) -> Report:
    """The same few signatures completed at every kept step; those of the final model are among its completions."""
    few = spread(prompts, config.milestone_completions)
    if not few or not subject.milestones:
        return {}
    sampling = _sampling(config, config.max_new)
    kept = {
        str(step): complete(few, model_writer(model, subject.tokenizer, _CODE, sampling, seed))
        for step, model in subject.milestones.items()
    }
    kept["final"] = spread(final, config.milestone_completions)
    figures = {step: _figures(items, training, world) for step, items in kept.items()}
    return {"along": {step: {key: found[key] for key in ("completions", *FOLLOWED)} for step, found in figures.items()}}


def _bits(figures: Mapping[str, Any], step: str) -> float | None:
    table = figures["bits_per_byte"]["base"] if step == "final" else figures["milestones"][step]["bits_per_byte"]
    bits = table.get(_CODE)
    return bits if bits is not None and math.isfinite(bits) else None


def _pearson(points: Sequence[tuple[float, float]]) -> float | None:
    """None where there are fewer than three points, or one coordinate never changes."""
    if len(points) < 3:
        return None
    xs, ys = zip(*points, strict=True)
    x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
    spread_x, spread_y = (math.sqrt(sum((v - mean) ** 2 for v in vs)) for vs, mean in ((xs, x_mean), (ys, y_mean)))
    together = sum((x - x_mean) * (y - y_mean) for x, y in points)
    return round(together / (spread_x * spread_y), 4) if spread_x and spread_y else None

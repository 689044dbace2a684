"""The evaluate stage: every model and milestone against its ceiling and its baselines."""

from pathlib import Path

from llmlab.adapt.store import load_adapted
from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section, load_value
from llmlab.corpus.contamination import DecontaminateConfig
from llmlab.evals import code_report, exact, report
from llmlab.evals.config import EvaluateConfig
from llmlab.evals.contamination import contamination
from llmlab.evals.subject import load_subject
from llmlab.pipeline.stage import PARAMS, run_stage
from llmlab.runtime.device import set_threads


def main(  # noqa: PLR0913 - one argument per path that dvc.yaml hands over
    *,
    base: Path,
    chat: Path,
    adapters: Path,
    tokenizer: Path,
    shards: Path,
    split: Path,
    instruct: Path,
    tasks: Path,
    decontaminated: Path,
    metrics: Path,
    samples: Path,
) -> None:
    seed = load_value(PARAMS, "seed", int)
    languages = load_value(PARAMS, "languages", list[str])
    config = load_section(PARAMS, "evaluate", EvaluateConfig)
    cleaning = load_section(PARAMS, "decontaminate", DecontaminateConfig)
    set_threads(config.threads)
    subject = load_subject(
        languages=languages, base=base, chat=chat, tokenizer=tokenizer, shards=shards, split=split, config=config
    )
    adapted = load_adapted(adapters, {"base": base, "chat": chat}, {"base": "pretrain", "chat": "sft"})
    smalltalk, completions = code_report.smalltalk(subject, config, seed)
    figures = {
        **report.bits_per_byte(subject, config, seed),
        "milestones": report.milestones(subject, config),
        "smalltalk": smalltalk,
        "text": report.text(subject, config, seed),
        "tasks": exact.tasks(subject, tasks, instruct),
        "contamination": contamination(tasks, decontaminated, instruct, subject.train_documents, cleaning),
        "instructions": exact.instructions(subject, adapted, instruct),
    }
    figures["smalltalk"] = smalltalk | code_report.correlations(figures)
    write_metrics(metrics, figures)
    write_json(samples, report.samples(subject, config, completions, seed))


if __name__ == "__main__":
    run_stage(main)

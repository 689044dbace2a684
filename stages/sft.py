"""Fine-tune the base model on conversations: the chat model."""

from pathlib import Path
from typing import Any

from llmlab.artifacts.manifest import provenance
from llmlab.artifacts.params import load_section, load_value, to_dict
from llmlab.evals.task_curve import TaskCurve, validation_questions
from llmlab.evals.trained import Trained
from llmlab.model.checkpoint import load_model
from llmlab.pipeline.stage import PARAMS, run_stage
from llmlab.runtime.device import machine_facts
from llmlab.runtime.seed import derive
from llmlab.shards.chat import all_batches, chat_sources
from llmlab.tokenizer.base import tokenizer_hash
from llmlab.tokenizer.table import load_tokenizer
from llmlab.train.finish import save_trained, write_curve, write_summary
from llmlab.train.loop import train
from llmlab.train.scratch import drop_run, run_folder
from llmlab.train.setup import prepare
from llmlab.train.tuning import TuningConfig


def main(
    *, base: Path, tokenizer: Path, instruct: Path, code: Path, out: Path, metrics: Path, curve: Path
) -> dict[str, Any]:
    seed = load_value(PARAMS, "seed", int)
    config = load_section(PARAMS, "sft", TuningConfig)
    words = load_tokenizer(tokenizer)
    digest = tokenizer_hash(words)
    made_from = provenance(seed, base_folder=base, data=instruct, code=code)
    scratch = run_folder("sft", {**made_from, "tokenizer": digest, "sft": to_dict(config)})

    model = load_model(base, "pretrain", digest)
    device = prepare(config, model.config, words.vocab_size, seed, "sft", isolated=True)
    model = model.to(device)
    source, held_out = chat_sources(
        words, instruct, (), model.config.context, derive(seed, "sft order"), config.weights
    )
    validation = all_batches(held_out, config.micro_rows or config.rows)
    curve_of_tasks = TaskCurve(
        Trained(model, words, chats=True),
        validation_questions(instruct, config.answered),
        every=config.validate_every,
        steps=config.steps,
        file=scratch / "tasks.json",
    )
    outcome = train(model, source, validation, config, scratch=scratch, name="sft", after_step=curve_of_tasks)

    save_trained(model, outcome, config, out, digest, made_from)
    write_curve(outcome, curve)
    write_summary(outcome, config, metrics, tasks=curve_of_tasks.points())
    drop_run(scratch)
    return {"tokens_per_second": round(outcome.tokens_per_second), **machine_facts()}


if __name__ == "__main__":
    run_stage(main)

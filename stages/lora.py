"""Train an adapter on a frozen model."""

from pathlib import Path
from typing import Any

from llmlab.adapt.fit import fit
from llmlab.adapt.lora import add_lora
from llmlab.adapt.recipe import AdapterConfig
from llmlab.adapt.store import save_adapter
from llmlab.artifacts.atomic import atomic_folder
from llmlab.artifacts.manifest import provenance
from llmlab.artifacts.params import load_section, load_value, to_dict
from llmlab.model.checkpoint import load_model, weights_hash
from llmlab.pipeline.stage import PARAMS, run_stage
from llmlab.runtime.device import machine_facts
from llmlab.runtime.seed import derive, torch_generator
from llmlab.shards.chat import all_batches, chat_sources
from llmlab.tokenizer.base import tokenizer_hash
from llmlab.tokenizer.table import load_tokenizer
from llmlab.train.finish import summarize, write_curve, write_summary
from llmlab.train.loop import put_weights
from llmlab.train.scratch import drop_run, run_folder
from llmlab.train.setup import prepare


def main(
    *, base: Path, chat: Path, tokenizer: Path, instruct: Path, code: Path, out: Path, metrics: Path, curve: Path
) -> dict[str, Any]:
    seed = load_value(PARAMS, "seed", int)
    recipe = load_section(PARAMS, "lora", AdapterConfig)
    config = recipe.train
    words = load_tokenizer(tokenizer)
    digest = tokenizer_hash(words)
    folder, stage = {"base": (base, "pretrain"), "chat": (chat, "sft")}[recipe.base]
    made_from = provenance(seed, base_folder=folder, data=instruct, code=code)
    scratch = run_folder("lora", {**made_from, "tokenizer": digest, "lora": to_dict(recipe)})

    model = load_model(folder, stage, digest)
    device = prepare(config, model.config, words.vocab_size, seed, "lora", isolated=True)
    add_lora(model, recipe.adapter, torch_generator(seed, "lora init"))
    model = model.to(device)
    source, held_out = chat_sources(words, instruct, recipe.kinds, model.config.context, derive(seed, "lora order"))
    validation = all_batches(held_out, config.rows)
    outcome, shape = fit(model, recipe.adapter, source, validation, config, scratch=scratch, name="lora")

    put_weights(model, outcome.best if config.keep == "best" else outcome.last)
    with atomic_folder(out) as parent:
        (parent / recipe.name).mkdir()
        facts = {**made_from, **summarize(outcome, config), "base": recipe.base}
        save_adapter(model, parent / recipe.name, shape, weights_hash(folder, stage), facts)
    write_curve(outcome, curve)
    write_summary(outcome, config, metrics)
    drop_run(scratch)
    return {"tokens_per_second": round(outcome.tokens_per_second), **machine_facts()}


if __name__ == "__main__":
    run_stage(main)

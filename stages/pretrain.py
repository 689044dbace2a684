"""Train the base model on the shards."""

from pathlib import Path
from typing import Any

from llmlab.artifacts.manifest import provenance
from llmlab.artifacts.params import load_section, load_value, to_dict
from llmlab.model.checkpoint import parameters_of
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.pipeline.stage import PARAMS, run_stage
from llmlab.runtime.device import machine_facts, peak_memory_mib
from llmlab.runtime.distributed import first, first_before_others, world
from llmlab.runtime.seed import torch_generator
from llmlab.shards.batches import evaluation_batches
from llmlab.shards.format import read_shard
from llmlab.tokenizer.base import tokenizer_hash
from llmlab.tokenizer.special import PAD
from llmlab.tokenizer.table import load_tokenizer
from llmlab.train.config import TrainConfig
from llmlab.train.finish import save_trained, write_curve, write_summary
from llmlab.train.launch import start_processes
from llmlab.train.loop import train
from llmlab.train.scratch import drop_run, run_folder
from llmlab.train.setup import make_source, pass_rows, prepare


def main(*, shards: Path, tokenizer: Path, code: Path, out: Path, metrics: Path, curve: Path) -> dict[str, Any]:
    seed = load_value(PARAMS, "seed", int)
    config = load_section(PARAMS, "train", TrainConfig)
    shape = load_section(PARAMS, "model", ModelConfig)
    words = load_tokenizer(tokenizer)
    digest = tokenizer_hash(words)
    sets = {name: read_shard(shards / name, digest) for name in ("train", "val")}
    made_from = {**provenance(seed, data=shards, code=code), "tokenizer": digest}

    device = prepare(config, shape, words.vocab_size, seed, "pretrain")
    with first_before_others():
        scratch = run_folder("pretrain", {**made_from, "train": config.shaping(), "model": to_dict(shape)})
    model = Transformer(shape, words.vocab_size, torch_generator(seed, "init")).to(device)
    source = make_source(sets["train"], config, shape, seed, words.special[PAD])
    isolated = config.mask_documents or config.packing == "documents"
    validation = evaluation_batches(sets["val"], shape.context, pass_rows(config), isolated)
    outcome = train(model, source, validation, config, scratch=scratch, name="pretrain")
    if not first():
        return {}
    if world() > 1:
        model = Transformer(shape, words.vocab_size)  # the one above may hold but a part

    save_trained(model, outcome, config, out, digest, made_from)
    write_curve(outcome, curve)
    write_summary(outcome, config, metrics, parameters=parameters_of(model))
    drop_run(scratch)
    memory = round(peak_memory_mib())
    return {"tokens_per_second": round(outcome.tokens_per_second), "peak_memory_mib": memory, **machine_facts()}


if __name__ == "__main__":
    run_stage(main, start_processes)

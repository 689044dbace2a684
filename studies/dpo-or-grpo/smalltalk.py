"""Method bodies by the default base model: closed, valid, and with no name that nobody declared."""

from dataclasses import dataclass
from pathlib import Path

from arms import Field, compete

from llmlab.align.methods import method_problems
from llmlab.align.recipe import AlignConfig
from llmlab.artifacts.documents import read_documents
from llmlab.artifacts.params import build, read_params
from llmlab.evals.bits_per_byte import score_model
from llmlab.evals.completion import spread, training_bodies
from llmlab.evals.world import make_world
from llmlab.model.checkpoint import load_model
from llmlab.model.transformer import Transformer
from llmlab.runtime.device import set_threads
from llmlab.shards.format import EncodedDocument, Shard, read_shard
from llmlab.shards.gather import gather
from llmlab.tokenizer.base import tokenizer_hash
from llmlab.tokenizer.table import load_tokenizer


@dataclass(frozen=True, kw_only=True)
class SmalltalkConfig:
    """`prompts` signatures to learn from, `held_out` to choose by, `test` to judge by with `drawn` answers each."""

    prompts: int
    held_out: int
    test: int
    drawn: int
    longest: int
    """Most tokens of class header and signature."""
    documents: int
    """Test documents, of all languages, whose bits per byte are the price."""
    grpo: AlignConfig
    best_of: AlignConfig
    dpo: AlignConfig
    imitate: AlignConfig


def run(seed: int, spine: Path, out: Path) -> None:
    """All arms from the base model of the project in folder `spine`."""
    config = build(SmalltalkConfig, read_params(Path("params.yaml"))["smalltalk"], "params.yaml: smalltalk")
    set_threads(config.grpo.train.threads)
    words = load_tokenizer(spine / "models/tokenizer")
    digest = tokenizer_hash(words)
    documents = {
        name: [each for each in read_documents(spine / f"data/split/{name}.parquet", "split") if each.kind == "code"]
        for name in ("train", "val", "test")
    }
    known = training_bodies(documents["train"])
    world = make_world(documents["train"], (*documents["val"], *documents["test"]))
    sizes = {"train": config.prompts, "val": config.held_out, "test": config.test}
    sets = {
        name: method_problems(words, documents[name], world, known, count=size, longest=config.longest)
        for name, size in sizes.items()
    }
    held_out = some(read_shard(spine / "data/shards/test", digest), config.documents)
    field = Field(
        sets["train"],
        sets["val"],
        sets["test"],
        lambda answer: answer.parts["compiles"] == 1,
        lambda model: score_model(model, held_out).bits_per_byte(),
        config.drawn,
    )
    arms = {"grpo": config.grpo, "best_of": config.best_of, "dpo": config.dpo, "imitate": config.imitate}
    compete(load(spine, digest), field, arms, seed, out)


def load(spine: Path, digest: str) -> Transformer:
    """The base model."""
    return load_model(spine / "models/base", "pretrain", digest)


def some(shard: Shard, count: int) -> Shard:
    """A shard of `count` documents, evenly spread over all, which stand in the order of languages."""
    chosen = spread(range(len(shard.starts)), count)
    return gather(
        EncodedDocument(
            shard.document_ids[number],
            shard.languages[number],
            shard.kinds[number],
            int(shard.text_bytes[number]),
            shard.document(number).tolist(),
        )
        for number in chosen
    )

"""Method bodies by the default base model: closed, valid, with no name that nobody declared, and not just anything."""

from dataclasses import dataclass, replace
from pathlib import Path

from arms import Field, compete

from llmlab.align.methods import method_problems
from llmlab.align.problems import Problems
from llmlab.align.recipe import AlignConfig
from llmlab.align.rewards import Parts
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

# Valid and sound as an answer to every signature.
EMPTY = "\n\t^ self\n]"


@dataclass(frozen=True, kw_only=True)
class SmalltalkConfig:
    """`prompts` signatures to learn from, `held_out` to choose by, `test` to judge by with `drawn` answers each."""

    prompts: int
    held_out: int
    test: int
    drawn: int
    shown: int
    """Likeliest answers that each arm's report shows."""
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
        telling(sets["train"]),
        telling(sets["val"]),
        telling(sets["test"]),
        lambda answer: answer.parts["compiles"] == 1,
        lambda model: score_model(model, held_out).bits_per_byte(),
        config.drawn,
        sets["test"].grade,
        config.shown,
    )
    arms = {"grpo": config.grpo, "best_of": config.best_of, "dpo": config.dpo, "imitate": config.imitate}
    compete(load(spine, digest), field, arms, seed, out)


def telling(problems: Problems) -> Problems:
    """The same, with an answer worth nothing unless it is closer to the real method than `EMPTY`, or is that method.

    Without this the best policy is to answer `^ self` to everything, and GRPO finds it within ten steps.
    """
    floors = [problems.grade(number, EMPTY, True)["correct"] for number in range(len(problems.prompts))]

    def grade(number: int, text: str, ended: bool) -> Parts:
        parts = problems.grade(number, text, ended)
        tells = parts["correct"] > floors[number] or parts["correct"] == 1
        return parts if tells else dict.fromkeys(parts, 0.0)

    return replace(problems, grade=grade)


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

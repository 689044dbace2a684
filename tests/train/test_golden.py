"""Twenty fixed-seed CPU steps of a tiny model equal a checked-in list, so that a refactor cannot move a number unseen.

To the sixth decimal on the type of processor and the torch that wrote the list; elsewhere kernels round differently,
and a tolerance holds that still tells the lists apart.

Changed on purpose? Say so in docs/LOG.md, rewrite the lists with `PYTHONPATH=lib:. python -m tests.train.test_golden`
and look at the difference.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

from llmlab.adapt.lora import LoraConfig, add_lora
from llmlab.artifacts.manifest import hash_json
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.runtime.device import machine_facts
from llmlab.shards.batches import PackedSource, StreamSource, evaluation_batches
from llmlab.shards.chat import all_batches
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train

from .conftest import VOCAB, patterned

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = {
    "adamw": ({}, {}),
    "muon": ({"kv_heads": 1, "ngram_rows": 61}, {"optimizer": "muon"}),
    "gelu-learned-untied": (
        {"ffn": "gelu", "norm": "layer", "position": "learned", "tie_embeddings": False, "window": 8},
        {"mask_documents": True, "micro_rows": 2, "schedule": "linear"},
    ),
    "default": (
        {"ffn": "relu2"},
        {"optimizer": "muon", "lr": 0.015, "muon_lr": 0.03, "betas": (0.9, 0.99), "weight_decay": 0.3,
         "embedding_decay": 0.1, "schedule": "linear"},
    ),
    "checkpointing-no-positions": (
        {"gradient_checkpointing": True, "position": "none", "qk_norm": False, "ngram_rows": 61},
        {"schedule": "constant"},
    ),
    "chats": ({"ffn": "relu2"}, {"micro_rows": 1, "schedule": "linear", "lr": 0.01}),
    "adapter": ({"ffn": "relu2"}, {"lr": 0.05}),
}  # fmt: skip
# These learn from chats, of which the loss counts a part that differs from row to row; the last one by LoRA.
FINE_TUNING = ("chats", "adapter")


def machine() -> str:
    """A name for what decides the last bits: torch's build and the processor, its instructions and caches included."""
    info = Path("/proc/cpuinfo")
    first = info.read_text(encoding="utf-8").partition("\n\n")[0].splitlines() if info.exists() else []
    telling = ("cpu family", "model", "stepping", "cache size", "flags", "Features", "CPU ")
    facts = [line for line in first if line.startswith(telling)]
    return hash_json([torch.__version__, torch.get_num_threads(), machine_facts()["processor"], *facts])[:16]


def chats(seed: int, count: int) -> PackedSource:
    """Conversations of 5 to 32 ids, the second half of each counted."""
    random = np.random.Generator(np.random.PCG64(seed))
    ids = patterned(40 * count, seed).ids
    documents = [ids[40 * n : 40 * n + int(random.integers(5, 33))] for n in range(count)]
    return PackedSource(documents, [np.arange(len(each)) >= len(each) // 2 for each in documents], 32, 5, 0)


def golden_losses(case: str, scratch: Path) -> dict[str, list[float]]:
    """Training and validation losses of twenty steps in fp32 on one thread.

    Everything random is spelt out: weights from torch's generator seeded 3, ids from PCG64 (`patterned`, integers
    only), rows in the order of seed 5. No tokenizer takes part, so that its version cannot matter.
    """
    shape, training = CASES[case]
    config = TrainConfig(steps=20, rows=4, warmup=4, threads=1, validate_every=1, **training)
    model = Transformer(
        ModelConfig(depth=2, width=32, head_size=16, context=32, **shape), VOCAB, torch.Generator().manual_seed(3)
    )
    source: StreamSource | PackedSource = StreamSource(patterned(900, 1), 32, 5, config.mask_documents)
    validation = evaluation_batches(patterned(200, 2), 32, 2, config.mask_documents)
    if case in FINE_TUNING:
        source, validation = chats(1, 40), all_batches(chats(2, 8), 2)
    if case == "adapter":
        add_lora(model, LoraConfig(rank=4, dropout=0.0), torch.Generator().manual_seed(4))
    curve = train(model, source, validation, config, scratch=scratch).curve
    return {name: [point[name] for point in curve] for name in ("train_loss", "val_loss")}


@pytest.mark.parametrize("case", CASES)
def test_twenty_steps_equal_the_list(case, scratch):
    expected = json.loads((GOLDEN / f"{case}.json").read_text())
    found = golden_losses(case, scratch)
    same_machine = expected.pop("machine") == machine()
    assert found.keys() == expected.keys()
    for name, losses in expected.items():
        assert len(losses) == 20
        assert found[name] == (losses if same_machine else pytest.approx(losses, rel=1e-4))


def test_the_lists_tell_the_cases_apart():
    """A tolerance wide enough to take one list for another would guard nothing."""
    lists = [json.loads((GOLDEN / f"{case}.json").read_text())["val_loss"] for case in CASES]
    for index, one in enumerate(lists):
        assert one[-1] < one[0] - 0.02
        for other in lists[index + 1 :]:
            assert one[5:] != pytest.approx(other[5:], rel=1e-3)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for each in CASES:
        with tempfile.TemporaryDirectory() as folder:
            text = json.dumps({"machine": machine(), **golden_losses(each, Path(folder))}, indent=1)
            (GOLDEN / f"{each}.json").write_text(text + "\n", encoding="utf-8")

"""`lab align` on the project in miniature."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from llmlab.model.checkpoint import load_model

RECIPE = """
method: {method}
sampling: {{max_new: 6}}
reward: {{correct: 1.0, concise: 0.5}}
group: {{size: 4}}
ask: 8
floor: -1
train: {{steps: 3, rows: 8, lr: 0.01, warmup: 1, validate_every: 1, threads: 1}}
"""
ASK = ("--task", "last-word", "--lang", "english", "--questions", "6", "--held-out", "3")


@pytest.fixture
def recipe(project: Path) -> Callable[[str], str]:
    def write(method: str) -> str:
        (project / f"{method}.yaml").write_text(RECIPE.format(method=method), encoding="utf-8")
        return f"{method}.yaml"

    return write


@pytest.mark.parametrize("method", ["grpo", "best-of"])
def test_a_model_comes_out_that_differs_and_says_how_it_was_made(
    works: Callable[..., str], recipe: Callable[[str], str], method: str
) -> None:
    text = works("align", recipe(method), *ASK, "--out", "models/aligned")
    assert "mean reward" in text
    before, after = (load_model(Path(f"models/{name}"), "sft") for name in ("chat", "aligned"))
    assert any(not torch.equal(p, after.state_dict()[name]) for name, p in before.state_dict().items())
    facts = json.loads(Path("models/aligned/training.json").read_text(encoding="utf-8"))
    assert (facts["recipe"]["method"], facts["tasks"]) == (method, ["last-word"])
    assert len(facts["rounds"]) == (3 if method == "grpo" else 1)
    assert f"`{method}`" in Path("models/aligned/README.md").read_text(encoding="utf-8")
    assert works("chat", "--model", "models/aligned", "--once", "Hello", "--lang", "english", "--max-new", "4")


def test_mistakes_are_told(fails: Callable[..., str], recipe: Callable[[str], str]) -> None:
    assert "no task 'sums'" in fails("align", recipe("grpo"), "--task", "sums", "--out", "models/aligned")
    assert "there already" in fails("align", recipe("grpo"), *ASK, "--out", "models/chat")
    Path("bad.yaml").write_text("method: grpo\ntrain: {steps: 3, rows: 8}\nreword: {correct: 1}\n", encoding="utf-8")
    assert "reword" in fails("align", "bad.yaml", *ASK, "--out", "models/aligned")
    assert not Path("models/aligned").exists()

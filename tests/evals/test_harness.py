"""The same model and questions through lm-evaluation-harness and through our suite: equal figures."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from llmlab.evals.answerer import Answerer
from llmlab.evals.hub_model import HubModel
from llmlab.evals.suite import SuiteConfig, run_task, run_texts
from llmlab.evals.trained import Trained
from llmlab.model.transformer import Transformer
from llmlab.tasks.arc import ArcEasy
from llmlab.tasks.hellaswag import HellaSwag
from llmlab.tasks.mmlu import Mmlu
from llmlab.tokenizer.base import Tokenizer

lm_eval = pytest.importorskip("lm_eval", reason="the extra `harness` is not installed")
pytestmark = pytest.mark.slow

WORDS = "sea keeper stairs fox crow river bread evening village water lighthouse morning".split()
CHOICE = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/{name}.jsonl}}}}
output_type: multiple_choice
test_split: test
doc_to_text: "{question}"
doc_to_target: "{{{{gold}}}}"
doc_to_choice: "{choices}"
metric_list: [{{metric: acc}}, {{metric: acc_norm}}]
"""
ROLLING = """
task: texts
dataset_path: json
dataset_kwargs: {{data_files: {{test: {folder}/texts.jsonl}}}}
output_type: loglikelihood_rolling
test_split: test
doc_to_text: ""
doc_to_target: "{{{{text}}}}"
metric_list: [{{metric: bits_per_byte}}]
"""
QUESTIONS = {
    "arc": ("Question: {{question}}\\nAnswer:", "{{choices}}"),
    "hellaswag": ("{{ctx}}", "{{endings}}"),
    "mmlu": (
        "{{question}}\\nA. {{choices[0]}}\\nB. {{choices[1]}}\\nC. {{choices[2]}}\\nD. {{choices[3]}}\\nAnswer:",
        "{{['A', 'B', 'C', 'D']}}",
    ),
}
TASKS = {"arc": ArcEasy, "hellaswag": HellaSwag, "mmlu": Mmlu}
TEXTS = ["The old keeper climbed the stairs.", "A fox met a crow by the river, and the crow said nothing at all."]


def rows() -> list[dict[str, Any]]:
    made = []
    rng = random.Random(3)
    for _ in range(40):
        one, other, *choices = rng.sample(WORDS, 6)
        asked = f"What did the {one} say to the {other}?"
        choices = [word + rng.choice(["", " and more", " by the sea"]) for word in choices]
        gold = rng.randrange(4)
        more = {"ctx": asked, "endings": choices, "label": gold, "subject": "machine_learning"}
        made.append({"question": asked, "choices": choices, "answer": gold, "gold": gold, **more})
    return made


def write(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, (question, choices) in QUESTIONS.items():
        write(tmp_path / f"{name}.jsonl", rows())
        text = CHOICE.format(name=name, folder=tmp_path, question=question, choices=choices)
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    write(tmp_path / "texts.jsonl", [{"text": text} for text in TEXTS])
    (tmp_path / "texts.yaml").write_text(ROLLING.format(folder=tmp_path), encoding="utf-8")
    return tmp_path


def check(answerer: Answerer, theirs: Mapping[str, Mapping[str, float]]) -> None:
    for name, task in TASKS.items():
        ours = run_task(task(lambda _: rows()), "english", answerer, SuiteConfig(limit=0))
        assert ours["score"] == pytest.approx(theirs[name]["acc,none"], abs=1e-4), name
        assert ours["normalised"] == pytest.approx(theirs[name]["acc_norm,none"], abs=1e-4), name
    assert len({theirs[name][figure] for name in TASKS for figure in ("acc,none", "acc_norm,none")}) > 1
    bits = run_texts("texts", "english", TEXTS, answerer, SuiteConfig(limit=0))["score"]
    assert bits == pytest.approx(theirs["texts"]["bits_per_byte,none"], abs=1e-3)


@pytest.mark.filterwarnings("ignore")
def test_one_of_our_models(tokenizer: Tokenizer, make_model: Callable[..., Transformer], folder: Path) -> None:
    from llmlab.evals.harness import run_harness  # noqa: PLC0415

    answerer = Trained(make_model(vocab=tokenizer.vocab_size, noise=0.3, context=128), tokenizer, chats=False)
    theirs = run_harness(answerer, [*TASKS, "texts"], "english", limit=0, shots=0, folder=folder)
    check(answerer, theirs)


@pytest.mark.filterwarnings("ignore")
def test_a_model_of_the_hub_in_the_harness_own_hands(folder: Path) -> None:
    import transformers  # noqa: PLC0415
    from lm_eval.models.huggingface import HFLM  # noqa: PLC0415
    from tokenizers import Tokenizer as Words  # noqa: PLC0415
    from tokenizers import decoders, models, pre_tokenizers  # noqa: PLC0415

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    byte = Words(models.BPE({letter: place for place, letter in enumerate(["<|end|>", *letters])}, []))
    byte.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    byte.decoder = decoders.ByteLevel()
    words = transformers.PreTrainedTokenizerFast(tokenizer_object=byte, eos_token="<|end|>")
    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=len(words), n_positions=256, n_embd=32, n_layer=2, n_head=2)
    model = transformers.GPT2LMHeadModel(config).eval()
    loaded = lm_eval.tasks.TaskManager(include_path=str(folder), include_defaults=False).load([*TASKS, "texts"])
    for task in loaded["tasks"].values():
        task.set_config(key="num_fewshot", value=0)
    theirs = HFLM(pretrained=model, tokenizer=words, device="cpu")
    outcome = lm_eval.evaluator.evaluate(theirs, loaded, bootstrap_iters=0, log_samples=False)
    check(HubModel(model, words), outcome["results"])

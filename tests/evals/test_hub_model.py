"""Tiny models with random weights and a tokenizer made on the spot; the numbers are those of transformers itself."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from llmlab.artifacts.errors import LabError
from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.hub_model import HubModel, load_hub_model
from llmlab.evals.suite import SuiteConfig, run_task, run_texts
from llmlab.tasks.table import TASKS
from llmlab.tasks.templates import Prompt

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.slow
KINDS = ["gpt2", "llama"]


@pytest.fixture(scope="module")
def words() -> Any:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    byte = Tokenizer(models.BPE({letter: place for place, letter in enumerate(["<|end|>", *letters])}, []))
    byte.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    byte.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=byte, eos_token="<|end|>")


def make(kind: str, vocab: int) -> Any:
    torch.manual_seed(0)
    if kind == "gpt2":
        config = transformers.GPT2Config(vocab_size=vocab, n_positions=128, n_embd=32, n_layer=2, n_head=2)
        return transformers.GPT2LMHeadModel(config).eval()
    config = transformers.LlamaConfig(
        vocab_size=vocab,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
    )
    return transformers.LlamaForCausalLM(config).eval()


@pytest.mark.parametrize("kind", KINDS)
def test_likelihoods_are_the_models_own_loss(kind: str, words: Any) -> None:
    model = make(kind, len(words))
    prompt, answer = Prompt("english", text="Question: 1?\nAnswer:"), " two"
    found = HubModel(model, words).likelihoods([(prompt, answer), (Prompt("english"), "one")])
    ids = torch.tensor([words(prompt.text + answer)["input_ids"]])
    labels = ids.clone()
    labels[:, : -len(answer)] = -100
    with torch.no_grad():
        loss = model(input_ids=ids, labels=labels).loss.item()
    assert found[0].nats == pytest.approx(loss * len(answer), rel=1e-4)
    assert [each.tokens for each in found] == [4, 3]


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_those_of_generate(kind: str, words: Any) -> None:
    model = make(kind, len(words))
    ids = torch.tensor([words("One morning")["input_ids"]])
    written = HubModel(model, words).write(
        [Prompt("english", text="One morning")], SamplingConfig(temperature=0, max_new=8), (), 1
    )
    with torch.no_grad():
        theirs = model.generate(ids, do_sample=False, max_new_tokens=8, pad_token_id=0, eos_token_id=0)
    assert written == [words.decode(theirs[0, ids.shape[1] :], skip_special_tokens=True)]


@pytest.mark.parametrize("kind", KINDS)
def test_our_tasks_and_texts_can_be_put_to_it(kind: str, words: Any) -> None:
    answerer = HubModel(make(kind, len(words)), words)
    config = SuiteConfig(limit=6)
    row = run_task(TASKS["minimal-pairs"], "english", answerer, config)
    assert 0 <= row["score"] <= 1
    assert row["tokens_read"] > 100
    row = run_task(TASKS["copy"], "english", answerer, config)
    assert (row["examples"], row["template"]) == (6, "question")
    # Untrained, a byte costs about as much as one of 257 alike, and a text longer than the model reads is no trouble.
    row = run_texts("x", "english", ["The sea was there. " * 20], answerer, config)
    assert 7.0 < row["score"] < 9.0


def test_a_chat_template_makes_it_a_chat(words: Any) -> None:
    answerer = HubModel(make("gpt2", len(words)), words)
    assert not answerer.chats
    turns = Prompt("english", turns=("Hi", "Ho", "Who?"))
    plain = answerer.likelihoods([(turns, " me")])[0]
    same = answerer.likelihoods([(Prompt("english", text="User: Hi\nAssistant: Ho\nUser: Who?\nAssistant:"), " me")])[0]
    assert plain == same
    words.chat_template = "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}[assistant]"
    try:
        assert answerer.chats
        rendered = answerer.likelihoods([(turns, " me")])[0]
        text = Prompt("english", text="[user]Hi[assistant]Ho[user]Who?[assistant]")
        assert rendered.nats == pytest.approx(answerer.likelihoods([(text, " me")])[0].nats)
    finally:
        words.chat_template = None


def test_a_folder_is_loaded_and_nothing_else(tmp_path: Path, words: Any) -> None:
    make("gpt2", len(words)).save_pretrained(tmp_path / "m")
    words.save_pretrained(tmp_path / "m")
    prompt = (Prompt("english", text="One"), " two")
    assert load_hub_model(tmp_path / "m").likelihoods([prompt])[0].tokens == 4
    with pytest.raises(LabError, match="no model that could be loaded"):
        load_hub_model(tmp_path / "nothing")

"""Against the model called by hand, one text at a time."""

from collections.abc import Callable

import pytest
import torch

from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.bits_per_byte import score_model
from llmlab.evals.subject import Subject
from llmlab.evals.trained import Trained, batched
from llmlab.model.transformer import Transformer
from llmlab.tasks.templates import Prompt
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.chat import encode_prompt, opening

TEXT = Prompt("english", text="The old lighthouse keeper", choices=(" climbed the stairs", " was", "?"))
CHAT = Prompt("chinese", turns=("从前有什么？", "一个小村庄。", "河水怎样？"), choices=("很清", "很高"))
EMPTY = Prompt("english", choices=("A fox met a crow.", "Fox a crow met a."))
SAMPLING = SamplingConfig(temperature=0, max_new=12)


@pytest.fixture(scope="module")
def model(tokenizer: Tokenizer, make_model: Callable[..., Transformer]) -> Transformer:
    return make_model(vocab=tokenizer.vocab_size, noise=0.3, context=64)


def by_hand(model: Transformer, before: list[int], after: list[int]) -> float:
    with torch.no_grad():
        logits = model(torch.tensor([[*before, *after[:-1]]]))[0].log_softmax(-1)
    return -sum(logits[len(before) - 1 + place, token].item() for place, token in enumerate(after))


def test_likelihoods_are_those_of_the_model_alone(model: Transformer, tokenizer: Tokenizer) -> None:
    """Whatever stands in the batch beside a pair, and however often."""
    answerer = Trained(model, tokenizer, chats=True)
    asked = [(prompt, choice) for prompt in (TEXT, CHAT, EMPTY, TEXT) for choice in prompt.choices]
    found = answerer.likelihoods(asked)
    for (prompt, choice), likelihood in zip(asked, found, strict=True):
        if prompt.turns:
            roles = ("user", "assistant", "user")
            turns = [{"role": role, "content": text} for role, text in zip(roles, prompt.turns, strict=True)]
            before, after = encode_prompt(tokenizer, "chinese", turns), tokenizer.encode(choice)
        else:
            start = opening(tokenizer, "english")
            whole, cut = tokenizer.encode(prompt.text + choice), len(tokenizer.encode(prompt.text))
            before, after = [*start, *whole[:cut]], whole[cut:]
        assert likelihood.nats == pytest.approx(by_hand(model, before, after), abs=1e-3)
        assert likelihood.tokens == len(after)


def test_one_token_answers_after_the_same_prompt_are_read_once(model: Transformer, tokenizer: Tokenizer) -> None:
    letters = [
        text
        for text in "abcdefghijk"
        if len(tokenizer.encode(f"The old {text}")) == 1 + len(tokenizer.encode("The old "))
    ]
    answerer = Trained(model, tokenizer, chats=False)
    chat = Prompt("english", turns=("Which?",))
    singles = [text for text in letters if len(tokenizer.encode(text)) == 1][:3] or [tokenizer.decode([300])]
    answerer.likelihoods([(chat, text) for text in singles])
    assert answerer.cost.read == len(encode_prompt(tokenizer, "english", [{"role": "user", "content": "Which?"}]))


def test_a_long_prompt_keeps_its_opening_and_its_end(model: Transformer, tokenizer: Tokenizer) -> None:
    answerer = Trained(model, tokenizer, chats=False)
    long = Prompt("english", text="The old sea. " * 60 + "The fox")
    likelihood = answerer.likelihoods([(long, " met a crow")])[0]
    whole = tokenizer.encode(long.text + " met a crow")
    after = whole[-likelihood.tokens :]
    before = [*opening(tokenizer, "english"), *whole[: -likelihood.tokens]]
    kept = [*before[:2], *before[len(before) - (64 + 1 - len(after) - 2) :]]
    assert likelihood.nats == pytest.approx(by_hand(model, kept, after), abs=1e-3)
    assert answerer.cost.cut == 1


def test_written_answers_end_before_a_stop_and_do_not_depend_on_their_neighbours(
    model: Transformer, tokenizer: Tokenizer
) -> None:
    answerer = Trained(model, tokenizer, chats=True)
    alone = [answerer.write([prompt], SAMPLING, (), 1)[0] for prompt in (TEXT, CHAT)]
    assert answerer.write([TEXT, CHAT], SAMPLING, (), 1) == alone
    stop = alone[0][3:5]
    assert answerer.write([TEXT], SAMPLING, (stop,), 1)[0] == alone[0][: alone[0].index(stop)]
    assert answerer.cost.written > 0


def test_drawn_answers_are_fixed_by_the_seed(model: Transformer, tokenizer: Tokenizer) -> None:
    drawn = SamplingConfig(temperature=1.0, max_new=12)
    once, again, other = (Trained(model, tokenizer, chats=True).write([TEXT] * 3, drawn, (), s) for s in (1, 1, 2))
    assert once == again != other
    assert len(set(once)) > 1


def test_surprise_is_what_the_test_set_is_scored_with(subject: Subject) -> None:
    texts = [item.text for item in subject.test_documents if item.lang == "english" and item.kind == "prose"]
    assert texts
    ours = Trained(subject.base, subject.tokenizer, chats=False).surprise(texts, "english")
    kinds = [
        kind == "prose" and lang == "english"
        for kind, lang in zip(subject.test.kinds, subject.test.languages, strict=True)
    ]
    theirs = score_model(subject.base, subject.test)
    assert sorted(ours.nats) == pytest.approx(
        sorted(value for value, kept in zip(theirs.nats, kinds, strict=True) if kept), rel=1e-5
    )


def test_groups_are_no_larger_than_they_may_be() -> None:
    rows = [tuple(range(size)) for size in (1, 2, 3, 5, 8, 30)]
    groups = batched(rows, 10)
    assert [row for group in groups for row in group] == rows
    assert all(len(group) == 1 or len(group[-1]) * len(group) <= 10 for group in groups)

import json
from collections import Counter

import torch

from llmlab.instruct.base import InstructConfig, as_row, size
from llmlab.instruct.calls import said, traced, traced_examples
from llmlab.instruct.mixture import build
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.shards.batches import IGNORE, Batch
from llmlab.shards.chat import all_batches, chat_source
from llmlab.tasks.traced import LANGUAGES, Step, Trace
from llmlab.tasks.traced_table import TRACED
from llmlab.tokenizer.byte import make_byte
from llmlab.tokenizer.special import RESULT, RESULT_END
from llmlab.train.losses import next_token_loss, token_losses

WORDS = make_byte(LANGUAGES, tools=True)
NAMES = list(TRACED)


def test_calls_stand_between_their_tags_and_results_are_marked_as_such() -> None:
    trace = Trace("How much?", "5.", (Step("calc", "2 + 3", "5"),))
    assert said(trace) == [{"token": "<|calc|>"}, "2 + 3", {"token": "<|/calc|>"}, {"result": "5"}, "5."]
    assert size(said(trace)) == 3 + 5 + 3 + 3 + 1 + 2


def test_some_traces_fail_and_some_mislead_and_most_are_true() -> None:
    groups = traced_examples(["calc-calls"], LANGUAGES, "train", 300, 1)
    counts: Counter[str] = Counter()
    for example, made in zip(groups["calc-calls"], traced(groups["calc-calls"], 1), strict=True):
        answer = json.loads(made.messages)[1]["content"][-1]
        counts["true" if answer == example.answer else "lied" if answer.lstrip("-").isdigit() else "failed"] += 1
    assert 15 <= counts["failed"] <= 50
    assert 60 <= counts["lied"] <= 130


def test_no_result_is_learned_from() -> None:
    """Token by token: what counts is what the assistant wrote, and results are nowhere among it."""
    examples = [each for group in traced_examples(NAMES, LANGUAGES, "train", 6, 1).values() for each in group]
    source = chat_source(WORDS, map(as_row, traced(examples, 1)), 256, seed=1)
    opened, closed = WORDS.special[RESULT], WORDS.special[RESULT_END]
    results = 0
    for batch in all_batches(source, 4):
        for ids, targets in zip(batch.ids_BT.tolist(), batch.targets_BT.tolist(), strict=True):
            inside = False
            for token, target in zip([*ids[1:], None], targets, strict=True):
                inside = inside or token == opened
                if inside:
                    assert target == IGNORE
                results += token == closed
                inside = inside and token != closed
    assert results > 50


def test_the_loss_does_not_feel_what_a_result_says_it_should_have_predicted() -> None:
    """The same ids read, other ids in the place of results as targets: the sum over own tokens, and nothing else."""
    trace = Trace("How much?", "5.", (Step("calc", "2 + 3", "5"),))
    rows = [{"lang": "english", "messages": json.dumps([
        {"role": "user", "content": trace.question}, {"role": "assistant", "content": said(trace)},
    ])}]  # fmt: skip
    (batch,) = all_batches(chat_source(WORDS, rows, 64, seed=1), 1)
    model = Transformer(ModelConfig(depth=1, width=32, head_size=16, context=64), WORDS.vocab_size)
    counted = batch.targets_BT != IGNORE
    following = torch.where(counted, batch.targets_BT, torch.roll(batch.ids_BT, -1, dims=1))
    everything = token_losses(model, Batch(batch.ids_BT, following, batch.documents_BT, "all"))
    own = everything[counted].sum()
    assert own < everything.sum()
    torch.testing.assert_close(next_token_loss(model, batch), own, rtol=1e-5, atol=1e-5)
    written = WORDS.decode(batch.targets_BT[batch.targets_BT != IGNORE].tolist())
    assert written == "2 + 35."


def test_the_mixture_holds_them_when_they_are_asked_for_and_is_the_same_without() -> None:
    plain = InstructConfig(tasks=20, task_names=["copy"])
    more = InstructConfig(tasks=20, task_names=["copy"], call_names=["calc-calls", "no-calls"])
    without, with_calls = (build([], "train", each, ["smalltalk", "english"], 1).examples for each in (plain, more))
    assert with_calls[: len(without)] == without
    assert Counter(each.kind for each in with_calls[len(without) :]) == {"calc-calls": 20, "no-calls": 20}

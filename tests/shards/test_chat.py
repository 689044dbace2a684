import itertools
import json
from dataclasses import replace

import torch

from llmlab.artifacts.documents import write_rows
from llmlab.model.transformer import Transformer
from llmlab.shards.batches import IGNORE
from llmlab.shards.chat import all_batches, chat_source, chat_sources, weighted
from llmlab.tokenizer.chat import encode_chat
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train
from llmlab.train.losses import token_losses

CHATS = [
    ("english", [("user", "What is in the bread?"), ("assistant", "Nothing.")]),
    ("english", [("system", "Be brief."), ("user", "The fox?"), ("assistant", "By the river.")]),
    ("chinese", [("user", "从前"), ("assistant", "有一个小村庄"), ("user", "河水"), ("assistant", "很清")]),
    ("smalltalk", [("user", "balance"), ("assistant", "^ balance + amount")]),
]


def rows(chats=CHATS):
    return [
        {"lang": lang, "messages": json.dumps([{"role": role, "content": text} for role, text in messages])}
        for lang, messages in chats
    ]


def encoded(tokenizer, chats=CHATS):
    return [encode_chat(tokenizer, row["lang"], json.loads(row["messages"])) for row in rows(chats)]


def test_exactly_the_assistants_tokens_are_counted(tokenizer):
    source = chat_source(tokenizer, rows(), 64, seed=1)
    counted = sorted(t for b in all_batches(source, 2) for t in b.targets_BT[b.targets_BT != IGNORE].tolist())
    pairs = [zip(ids, mask, strict=True) for ids, mask in encoded(tokenizer)]
    assert counted == sorted(token for pair in pairs for token, kept in pair if kept)


def test_every_row_once_whatever_the_batch(tokenizer):
    source = chat_source(tokenizer, rows() * 5, 48, seed=1)
    whole = torch.cat([batch.ids_BT for batch in all_batches(source, 1000)])
    assert whole.shape == (source.rows_per_epoch, 48)
    for size in (1, 3):
        assert torch.equal(torch.cat([batch.ids_BT for batch in all_batches(source, size)]), whole)


def test_a_conversation_that_does_not_fit_is_left_out_and_one_that_just_fits_is_not(tokenizer):
    lengths = [len(ids) for ids, _ in encoded(tokenizer)]
    longest = max(lengths)

    def kept(context):
        source = chat_source(tokenizer, rows(), context, seed=1)
        return sum((b.ids_BT == tokenizer.special["<|bos|>"]).sum().item() for b in all_batches(source, 4))

    assert kept(longest - 1) == 4  # a row of T inputs holds T + 1 ids
    assert kept(longest - 2) == 4 - lengths.count(longest)


def test_a_conversation_without_an_answer_teaches_nothing_and_is_left_out(tokenizer, refuses):
    silent = [("english", [("user", "The fox?")])]
    source = chat_source(tokenizer, rows(CHATS + silent), 64, seed=1)
    assert sum((b.ids_BT == tokenizer.special["<|bos|>"]).sum().item() for b in all_batches(source, 4)) == 4
    refuses(["none of 1 examples", "64"], chat_source, tokenizer, rows(silent), 64, 1)


def test_nothing_short_enough_is_refused(tokenizer, refuses):
    refuses([f"none of {len(rows())} examples", "4 tokens", "model.context"], chat_source, tokenizer, rows(), 4, 1)


def test_no_example_at_all_is_refused(tokenizer, refuses):
    refuses(["no example of the wanted kinds", "kinds"], chat_source, tokenizer, [], 64, 1)


def test_conversations_in_one_row_do_not_see_each_other(tokenizer, make_model):
    source = chat_source(tokenizer, rows(), 128, seed=1)
    assert source.rows_per_epoch == 1
    batch = source.batch(0, 1)
    model = make_model(vocab=tokenizer.vocab_size, context=128)
    with torch.no_grad():
        logits = model(batch.ids_BT, batch.documents_BT)[0]
    for ids, _ in encoded(tokenizer):
        found = next(
            start for start in range(128) if batch.ids_BT[0, start : start + len(ids) - 1].tolist() == ids[:-1]
        )
        with torch.no_grad():
            alone = model(torch.tensor([ids[:-1]]))[0]
        assert torch.allclose(logits[found : found + len(ids) - 1], alone, atol=1e-5)


def test_fine_tuning_on_a_chat_learns_its_answers(tokenizer, tiny, scratch):
    model = Transformer(tiny(context=48), tokenizer.vocab_size, torch.Generator().manual_seed(0))
    source = chat_source(tokenizer, rows(), 48, seed=1)
    config = TrainConfig(steps=60, rows=3, warmup=2, lr=1e-2, threads=1, validate_every=30)
    curve = train(model, source, all_batches(source, 3), config, scratch=scratch).curve
    assert curve[-1]["val_loss"] < 0.5 * curve[0]["val_loss"]
    assert curve[-1]["val_loss"] < 1.0


def test_sources_hold_the_wanted_kinds_of_both_sets(tokenizer, tmp_path):
    for name in ("train", "val"):
        mixed = [{**row, "kind": kind} for kind in ("chat", "fixing") for row in rows()]
        write_rows(tmp_path / f"{name}.parquet", ["lang", "kind", "messages"], mixed)
    only, held_out = chat_sources(tokenizer, tmp_path, ["chat"], 64, seed=1)
    everything, _ = chat_sources(tokenizer, tmp_path, [], 64, seed=1)
    counted = [sum(batch.counted for batch in all_batches(source, 2)) for source in (only, held_out, everything)]
    assert counted[0] == counted[1] == counted[2] / 2 > 0


def test_a_change_in_one_conversation_changes_no_other_ones_loss(tokenizer, make_model):
    """In the same row, token by token, before and after it; only what it may see is seen."""
    model = make_model(vocab=tokenizer.vocab_size, context=128)
    batch = chat_source(tokenizer, rows(), 128, seed=1).batch(0, 1)
    numbers = batch.documents_BT[0]
    assert int(numbers.max()) >= 2
    before = token_losses(model, batch)[0]
    for changed in range(int(numbers.max()) + 1):
        ids = batch.ids_BT.clone()
        ids[0, numbers == changed] = (ids[0, numbers == changed] + 1) % tokenizer.vocab_size
        after = token_losses(model, replace(batch, ids_BT=ids))[0]
        others = numbers != changed
        assert torch.equal(after[others], before[others])
        assert not torch.allclose(after[~others], before[~others])


def test_in_many_turns_each_answer_is_counted_and_no_question(tokenizer):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is in the bread?"},
        {"role": "assistant", "content": "Nothing."},
        {"role": "user", "content": "And in the river?"},
        {"role": "assistant", "content": "The sea."},
    ]
    row = {"lang": "english", "kind": "chat", "messages": json.dumps(messages)}
    batch = chat_source(tokenizer, [row], 128, seed=1).batch(0, 1)
    counted = batch.targets_BT[batch.targets_BT != IGNORE].tolist()
    end = tokenizer.special["<|end|>"]
    assert counted == [*tokenizer.encode("Nothing."), end, *tokenizer.encode("The sea."), end]


def kinds_of(weights):
    examples = [{"kind": kind, "number": str(number)} for kind in ("chat", "copy") for number in range(10)]
    read = [example["kind"] for example in weighted(examples, weights)]
    return {kind: read.count(kind) for kind in dict.fromkeys(read)}


def test_weights_say_how_often_a_kind_is_read():
    assert kinds_of({}) == {"chat": 10, "copy": 10}
    assert kinds_of({"chat": 2.5, "copy": 0.3}) == {"chat": 25, "copy": 3}
    assert kinds_of({"copy": 0}) == {"chat": 10}


def test_a_fraction_is_spread_over_the_examples():
    examples = [{"kind": "copy", "number": str(number)} for number in range(10)]
    read = [int(example["number"]) for example in weighted(examples, {"copy": 0.5})]
    assert len(set(read)) == 5
    assert all(later - sooner == 2 for sooner, later in itertools.pairwise(read))


def test_a_weight_of_a_kind_that_is_not_there_is_refused(refuses):
    refuses(["`weights` names poems", "chat"], lambda: list(weighted([{"kind": "chat"}], {"poems": 2.0})))


def test_weights_are_for_training_and_not_for_validation(tokenizer, tmp_path):
    for name in ("train", "val"):
        write_rows(
            tmp_path / f"{name}.parquet", ["lang", "messages", "kind"], [{**row, "kind": "chat"} for row in rows()]
        )
    learned, held_out = chat_sources(tokenizer, tmp_path, (), 128, 1, {"chat": 3})
    plain, _ = chat_sources(tokenizer, tmp_path, (), 128, 1)
    counted = [sum(batch.counted for batch in all_batches(source, 4)) for source in (learned, held_out, plain)]
    assert counted[0] == 3 * counted[1] == 3 * counted[2]

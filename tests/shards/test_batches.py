import numpy as np
import pytest
import torch

from llmlab.shards.batches import IGNORE, Batch, PackedSource, StreamSource, evaluation_batches

CONTEXT = 8


def same(a: Batch, b: Batch) -> bool:
    documents = (a.documents_BT is None) == (b.documents_BT is None)
    if a.documents_BT is not None and b.documents_BT is not None:
        documents = torch.equal(a.documents_BT, b.documents_BT)
    return (
        documents and torch.equal(a.ids_BT, b.ids_BT) and torch.equal(a.targets_BT, b.targets_BT) and a.name == b.name
    )


@pytest.fixture(params=["stream", "masked stream", "packed"])
def make_source(request, make_shard):
    shard = make_shard()

    def make(seed=0):
        if request.param == "packed":
            documents = [shard.document(n) for n in range(len(shard.starts))]
            return PackedSource(documents, None, CONTEXT, seed, pad=0)
        return StreamSource(shard, CONTEXT, seed, mask_documents=request.param == "masked stream")

    return make


def test_a_batch_is_a_function_of_seed_and_position_alone(make_source):
    source, rows = make_source(), make_source().rows_per_epoch
    positions = [0, 3, rows - 2, rows, 5 * rows + 1, 2 * rows - 1]
    first = {position: source.batch(position, 4) for position in positions}
    for position in reversed(positions):  # another order on the same object, and a fresh object for each
        assert same(source.batch(position, 4), first[position])
        assert same(make_source().batch(position, 4), first[position])


def test_batches_are_rows_in_a_row(make_source):
    source = make_source()
    whole = source.batch(2, 6)
    for row in range(6):
        one = make_source().batch(2 + row, 1)
        assert torch.equal(one.ids_BT[0], whole.ids_BT[row])
        assert torch.equal(one.targets_BT[0], whole.targets_BT[row])


def test_another_seed_and_another_epoch_are_another_order(make_source):
    source, rows = make_source(), make_source().rows_per_epoch
    first = source.batch(0, rows).ids_BT
    assert not torch.equal(make_source(1).batch(0, rows).ids_BT, first)
    assert not torch.equal(source.batch(rows, rows).ids_BT, first)


def test_shapes_and_types(make_source):
    batch = make_source().batch(0, 3)
    assert batch.ids_BT.shape == batch.targets_BT.shape == (3, CONTEXT)
    assert batch.ids_BT.dtype == batch.targets_BT.dtype == torch.int64
    assert "0-2" in batch.name
    moved = batch.to(torch.device("cpu"))
    assert same(moved, batch)
    assert moved.counted == int((batch.targets_BT != IGNORE).sum())


@pytest.mark.parametrize("epoch", [0, 1, 7])
def test_a_stream_epoch_covers_rows_without_repetition(make_shard, epoch):
    shard = make_shard()
    source = StreamSource(shard, CONTEXT, 3, mask_documents=False)
    batch = source.batch(epoch * source.rows_per_epoch, source.rows_per_epoch)
    place = {int(token): where for where, token in enumerate(shard.ids)}
    starts = sorted(place[int(row[0])] for row in batch.ids_BT)
    assert np.diff(starts).tolist() == [CONTEXT] * (source.rows_per_epoch - 1)
    assert 0 <= starts[0] < 2 * CONTEXT
    for row, targets in zip(batch.ids_BT, batch.targets_BT, strict=True):
        start = place[int(row[0])]
        assert row.tolist() == shard.ids[start : start + CONTEXT].tolist()
        assert targets.tolist() == shard.ids[start + 1 : start + CONTEXT + 1].tolist()


def test_the_cuts_fall_elsewhere_in_other_epochs_and_reach_every_token(make_shard):
    shard = make_shard()
    source = StreamSource(shard, CONTEXT, 3, mask_documents=False)
    epochs = [source.batch(n * source.rows_per_epoch, source.rows_per_epoch).targets_BT for n in range(40)]
    place = {int(token): where for where, token in enumerate(shard.ids)}
    assert len({min(place[int(row[0])] for row in epoch) for epoch in epochs}) >= CONTEXT
    assert set(torch.cat(epochs).flatten().tolist()) == set(shard.ids.tolist()[1:])


def test_a_masked_stream_knows_its_documents(make_shard):
    source = StreamSource(make_shard(), CONTEXT, 0, mask_documents=True)
    batch = source.batch(0, source.rows_per_epoch)
    assert batch.documents_BT is not None
    assert torch.equal(batch.documents_BT, batch.ids_BT // 1000 + 1)
    crossing = torch.cat((batch.ids_BT, batch.targets_BT[:, -1:]), dim=1)
    for ids, targets in zip(crossing.tolist(), batch.targets_BT.tolist(), strict=True):
        for token, target in zip(ids[:-1], targets, strict=True):
            assert target in (token + 1, IGNORE)
    assert 0 < batch.counted < batch.targets_BT.numel()


@pytest.mark.parametrize("tokens", [2 * CONTEXT, 2 * CONTEXT + 1])
def test_a_stream_needs_two_rows_of_text(make_shard, refuses, tokens):
    shard = make_shard([tokens])
    if tokens > 2 * CONTEXT:
        assert StreamSource(shard, CONTEXT, 0, mask_documents=False).batch(0, 3).ids_BT.shape == (3, CONTEXT)
    else:
        refuses([str(tokens), "model.context"], StreamSource, shard, CONTEXT, 0, False)


def test_packing_loses_no_target_and_repeats_none(make_shard):
    shard = make_shard()
    documents = [shard.document(n) for n in range(len(shard.starts))]
    source = PackedSource(documents, None, CONTEXT, 0, pad=0)
    batch = source.batch(source.rows_per_epoch, source.rows_per_epoch)
    counted = sorted(batch.targets_BT[batch.targets_BT != IGNORE].tolist())
    assert counted == sorted(token for document in documents for token in document[1:].tolist())


def test_packed_targets_follow_their_inputs_and_padding_is_a_document_of_its_own(make_shard):
    shard = make_shard()
    documents = [shard.document(n) for n in range(len(shard.starts))]
    source = PackedSource(documents, None, CONTEXT, 0, pad=59_999)
    batch = source.batch(0, source.rows_per_epoch)
    assert batch.documents_BT is not None
    padding = batch.documents_BT == -1
    assert padding.any()
    assert (batch.ids_BT[padding] == 59_999).all()
    assert (batch.targets_BT[padding] == IGNORE).all()
    assert torch.equal(batch.targets_BT[~padding], batch.ids_BT[~padding] + 1)
    for ids, numbers in zip(batch.ids_BT, batch.documents_BT, strict=True):
        assert len({(int(i) // 1000, int(n)) for i, n in zip(ids, numbers, strict=True) if n >= 0}) == len(
            {int(n) for n in numbers if n >= 0}
        )


def test_masks_choose_which_targets_count():
    documents = [np.array([1, 2, 3, 4, 5]), np.array([6, 7, 8])]
    masks = [np.array([True, False, True, False, True]), np.array([False, False, True])]
    source = PackedSource(documents, masks, CONTEXT, 0, pad=0)
    batch = source.batch(0, source.rows_per_epoch)
    assert sorted(batch.targets_BT[batch.targets_BT != IGNORE].tolist()) == [3, 5, 8]
    assert batch.counted == 3


def test_masks_follow_a_document_that_is_cut():
    document = np.arange(100, 130)
    mask = np.arange(30) % 3 == 0
    source = PackedSource([document], [mask], CONTEXT, 0, pad=0)
    batch = source.batch(0, source.rows_per_epoch)
    counted = sorted(batch.targets_BT[batch.targets_BT != IGNORE].tolist())
    assert counted == [token for token, kept in zip(document[1:].tolist(), mask[1:].tolist(), strict=True) if kept]


def test_nothing_to_pack_is_refused(refuses):
    refuses(["nothing to train on"], PackedSource, [], None, CONTEXT, 0, 0)


@pytest.mark.parametrize("packing", ["packed", "masked stream"])
def test_no_attention_across_documents(make_shard, make_model, packing):
    """Changing every id of one document moves no logit of another."""
    model = make_model(vocab=50, context=CONTEXT, ngram_rows=31)
    lengths = [3, 4, 2, 3, 4, 2, 6, 3]
    shard = make_shard(lengths)
    if packing == "packed":
        documents = [shard.document(n) for n in range(len(lengths))]
        batch = PackedSource(documents, None, CONTEXT, 0, pad=0).batch(0, 3)
    else:
        batch = StreamSource(shard, CONTEXT, 0, mask_documents=True).batch(0, 3)
    assert batch.documents_BT is not None
    changed = batch.documents_BT == batch.documents_BT[:, 3:4]
    assert (~changed).any()
    ids = batch.ids_BT % 50
    with torch.no_grad():
        before = model(ids, batch.documents_BT)
        after = model(torch.where(changed, (ids + 7) % 50, ids), batch.documents_BT)
        leaking = model(torch.where(changed, (ids + 7) % 50, ids)) - model(ids)
    assert torch.equal(before[~changed], after[~changed])
    assert not torch.equal(before[changed], after[changed])
    assert leaking[~changed].abs().max() > 1e-3


@pytest.mark.parametrize("rows", [1, 3, 8])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("lengths", [[7, 40, 3, 3, 95], [2], [8, 1], [64, 1], [8, 8, 9]])
def test_evaluation_counts_each_target_exactly_once(make_shard, rows, masked, lengths):
    shard = make_shard(lengths)
    batches = evaluation_batches(shard, CONTEXT, rows, masked)
    counted = [token for b in batches for token in b.targets_BT[b.targets_BT != IGNORE].tolist()]
    firsts = set(shard.starts.tolist()) if masked else {0}
    assert counted == [int(token) for place, token in enumerate(shard.ids) if place not in firsts]
    assert all(b.ids_BT.shape[0] <= rows and b.ids_BT.shape[1] == CONTEXT for b in batches)
    assert all((b.targets_BT != IGNORE).any(dim=1).all() for b in batches) or masked
    for batch in batches:
        kept = batch.targets_BT != IGNORE
        if masked:
            assert torch.equal(batch.targets_BT[kept], batch.ids_BT[kept] + 1)
            assert batch.documents_BT is not None
            assert torch.equal(batch.documents_BT, batch.ids_BT // 1000 + 1)
        else:
            assert batch.documents_BT is None


@pytest.mark.parametrize("lengths", [[], [1]])
def test_nothing_to_predict_is_no_batch(make_shard, lengths):
    assert evaluation_batches(make_shard(lengths), CONTEXT, 2, mask_documents=True) == []


def test_a_batch_cut_up_is_the_same_rows(make_source):
    batch = make_source().batch(3, 5)
    pieces = batch.cut(2)
    assert [len(piece.ids_BT) for piece in pieces] == [2, 2, 1]
    assert {piece.name for piece in pieces} == {batch.name}
    for name in ("ids_BT", "targets_BT", "documents_BT"):
        whole = getattr(batch, name)
        parts = [getattr(piece, name) for piece in pieces]
        assert parts == [None] * 3 if whole is None else torch.equal(torch.cat(parts), whole)
    assert same(batch.cut(9)[0], batch)


def test_a_batch_filled_up_counts_no_more_and_a_blank_one_nothing(make_source):
    batch = make_source().batch(3, 2)
    assert batch.filled(2) is batch
    filled = batch.filled(5)
    assert filled.counted == batch.counted > 0 == batch.blank().counted
    for name in ("ids_BT", "targets_BT", "documents_BT"):
        whole, part = getattr(filled, name), getattr(batch, name)
        assert (whole is None) == (part is None)
        if whole is not None:
            assert len(whole) == 5
            assert torch.equal(whole[:2], part)
    assert torch.equal(filled.ids_BT[2:], batch.ids_BT[-1:].expand(3, -1))
    assert torch.equal(batch.blank().ids_BT, batch.ids_BT)

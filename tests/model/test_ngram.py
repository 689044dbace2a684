import torch

from llmlab.model.ngram import NgramEmbedding


def filled(rows=53, width=4):
    module = NgramEmbedding(rows, width)
    with torch.no_grad():
        module.bigram.weight.normal_(generator=torch.Generator().manual_seed(1))
        module.trigram.weight.normal_(generator=torch.Generator().manual_seed(2))
    return module


def test_rows_are_looked_up_by_a_hash_of_the_last_two_and_three_ids():
    module = filled()
    ids = [5, 17, 5, 96]
    found = module(torch.tensor([ids]), None, 4)[0]
    for t, current in enumerate(ids):
        one = ids[t - 1] + 1 if t >= 1 else 0
        two = ids[t - 2] + 1 if t >= 2 else 0
        pair = current * 36_313 + one * 27_191
        triple = pair ^ (two * 51_749)
        assert torch.equal(found[t], module.bigram.weight[pair % 53] + module.trigram.weight[triple % 53])


def test_the_same_three_ids_give_the_same_row_anywhere():
    module = filled(rows=1009)
    ids = torch.tensor([[1, 2, 3, 9, 1, 2, 3, 4, 2, 3]])
    found = module(ids, None, 10)[0]
    assert torch.equal(found[2], found[6])
    assert not torch.equal(found[2], found[9])  # 4 2 3 is another trigram


def test_order_matters():
    module = filled(rows=1009)
    assert not torch.equal(module(torch.tensor([[7, 8]]), None, 1), module(torch.tensor([[8, 7]]), None, 1))


def test_nothing_leaks_across_documents():
    module = filled(rows=1009)
    ids, documents = torch.tensor([[4, 5, 6, 7]]), torch.tensor([[0, 0, 1, 1]])
    found = module(ids, documents, 4)
    assert torch.equal(found[:, 2:], module(ids[:, 2:], None, 2))
    assert not torch.equal(found, module(ids, None, 4))


def test_only_the_last_positions_are_returned():
    module = filled()
    ids = torch.randint(0, 97, (2, 9))
    assert torch.equal(module(ids, None, 3), module(ids, None, 9)[:, -3:])


def test_large_ids_do_not_overflow():
    module = filled()
    assert module(torch.full((1, 4), 2**31), None, 4).isfinite().all()


def test_a_row_of_one_id():
    assert filled()(torch.tensor([[3]]), None, 1).shape == (1, 1, 4)

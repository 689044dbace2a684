import torch

from llmlab.model.cache import KVCache, LayerCache


def test_extending_gives_a_new_cache_and_keeps_the_old():
    old = LayerCache(torch.zeros(2, 1, 3, 4), torch.ones(2, 1, 3, 4))
    new = old.extended(torch.full((2, 1, 2, 4), 5.0), torch.full((2, 1, 2, 4), 6.0))
    assert (old.k_BKSE.shape[2], new.k_BKSE.shape[2]) == (3, 5)
    assert new.k_BKSE[0, 0, :, 0].tolist() == [0, 0, 0, 5, 5]
    assert new.v_BKSE[0, 0, :, 0].tolist() == [1, 1, 1, 6, 6]


def test_rows_are_chosen_in_the_order_asked():
    rows = torch.arange(3)[:, None]
    layer = LayerCache(rows[:, :, None, None].float(), 10 + rows[:, :, None, None].float())
    cache = KVCache((layer, layer), rows, rows + 100).rows(torch.tensor([2, 0]))
    assert cache.length == 1
    assert cache.ids_BS.tolist() == [[2], [0]]
    assert cache.documents_BS.tolist() == [[102], [100]]
    assert all(layer.v_BKSE.flatten().tolist() == [12, 10] for layer in cache.layers)
    assert len(cache.layers) == 2


def test_chosen_rows_go_on_as_before(make_model, ids):
    model = make_model(ngram_rows=61, window=5)
    with torch.no_grad():
        _, cache = model.extend(ids[:, :12], None)
        whole, _ = model.extend(ids[:, 12:15], cache)
        chosen, _ = model.extend(ids[[2, 0], 12:15], cache.rows(torch.tensor([2, 0])))
    assert torch.allclose(chosen, whole[[2, 0]], atol=1e-6)

import torch

from llmlab.decode.cache import StaticLayer, shortened, with_room
from llmlab.model.cache import KVCache, LayerCache


def numbers(*values):
    """Keys of one head of size 2 that hold these numbers, (1, 1, T, 2)."""
    return torch.tensor(values, dtype=torch.float)[None, None, :, None].expand(1, 1, -1, 2).clone()


def held(layer):
    assert torch.equal(layer.v_BKSE, -layer.k_BKSE)
    return layer.k_BKSE[0, 0, :, 0].tolist()


def grown(layer, *values):
    return layer.extended(numbers(*values), -numbers(*values))


def cache_of(*values):
    layer = LayerCache(numbers(*values), -numbers(*values))
    ids = torch.tensor([values])
    return KVCache((layer, layer), ids, torch.zeros_like(ids))


def test_it_grows_in_place_and_the_shorter_ones_stay():
    first = with_room(cache_of(1, 2), 6).layers[0]
    second = grown(first, 3)
    third = grown(second, 4, 5)
    assert [held(layer) for layer in (first, second, third)] == [[1, 2], [1, 2, 3], [1, 2, 3, 4, 5]]
    assert first.room is second.room is third.room
    assert third.k_BKSE.data_ptr() == first.k_BKSE.data_ptr()


def test_a_fork_gets_a_room_of_its_own():
    first = with_room(cache_of(1, 2), 6).layers[0]
    left, right = grown(first, 3), grown(first, 7, 8)
    longer = grown(left, 4)
    assert [held(layer) for layer in (left, right, longer)] == [[1, 2, 3], [1, 2, 7, 8], [1, 2, 3, 4]]
    assert right.room is not left.room is longer.room


def test_more_than_fits_moves_to_a_larger_room():
    first = with_room(cache_of(1, 2), 3).layers[0]
    second = grown(first, 3, 4)
    assert (held(first), held(second)) == ([1, 2], [1, 2, 3, 4])
    assert held(with_room(cache_of(1, 2, 3), 1).layers[0]) == [1, 2, 3]


def test_layers_do_not_share_rooms_and_the_cache_given_is_left_alone():
    plain = cache_of(1, 2)
    static = with_room(plain, 4)
    grown(static.layers[0], 3)
    assert held(grown(static.layers[1], 9)) == [1, 2, 9]
    assert held(plain.layers[0]) == [1, 2]
    assert static.ids_BS is plain.ids_BS
    assert static.length == 2


def test_a_shortened_cache_goes_on_in_the_same_room():
    cache = with_room(cache_of(1, 2, 3, 4), 6)
    shorter = shortened(cache, 2)
    assert shorter.length == 2
    assert shorter.ids_BS.tolist() == [[1, 2]]
    layer = grown(shorter.layers[0], 8, 9)
    assert held(layer) == [1, 2, 8, 9]
    assert isinstance(layer, StaticLayer)
    assert layer.room is cache.layers[0].room


def test_a_shortened_fork_does_not_free_what_others_hold():
    first = with_room(cache_of(1, 2, 3), 6)
    longer = grown(first.layers[0], 4)
    again = grown(shortened(first, 1).layers[0], 9)
    assert (held(longer), held(again)) == ([1, 2, 3, 4], [1, 9])


def test_a_growing_cache_shortened_is_its_beginning():
    plain = cache_of(1, 2, 3)
    shorter = shortened(plain, 2)
    assert held(grown(shorter.layers[1], 7)) == [1, 2, 7]
    assert held(plain.layers[1]) == [1, 2, 3]

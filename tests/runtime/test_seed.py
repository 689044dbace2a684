import numpy as np
import torch

from llmlab.runtime.seed import derive, numpy_generator, python_random, torch_generator


def test_seeds_depend_on_seed_and_name_alone():
    assert derive(1, "init") == derive(1, "init")
    names = [f"{seed}/{name}" for seed in range(20) for name in ("init", "dropout", "data order")]
    assert len({derive(int(n.split("/")[0]), n.split("/")[1]) for n in names}) == len(names)
    assert all(0 <= derive(seed, "x") < 2**63 for seed in range(100))


def test_the_seed_is_the_first_63_bits_of_a_hash():
    """From `printf 0/init | sha256sum`, its first eight bytes read little-endian and halved."""
    assert derive(0, "init") == 3_330_654_677_893_223_573


def test_generators_of_other_names_do_not_shift_each_other():
    alone = torch.randn(5, generator=torch_generator(3, "a"))
    first, second = torch_generator(3, "a"), torch_generator(3, "b")
    torch.randn(100, generator=second)
    assert torch.equal(torch.randn(5, generator=first), alone)
    assert not torch.equal(torch.randn(5, generator=torch_generator(3, "b")), alone)


def test_every_kind_of_generator_repeats():
    for make, draw in (
        (numpy_generator, lambda g: g.integers(0, 10**9, 5)),
        (python_random, lambda g: [g.random() for _ in range(5)]),
        (torch_generator, lambda g: torch.rand(5, generator=g).numpy()),
    ):
        same, other, seeded = draw(make(1, "a")), draw(make(1, "b")), draw(make(2, "a"))
        assert np.array_equal(draw(make(1, "a")), same)
        assert not np.array_equal(other, same)
        assert not np.array_equal(seeded, same)


def test_the_global_generators_are_left_alone():
    state = torch.get_rng_state()
    torch.rand(3, generator=torch_generator(1, "a"))
    assert torch.equal(torch.get_rng_state(), state)

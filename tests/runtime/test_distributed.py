import os

import pytest
import torch

from llmlab.runtime.distributed import (
    anyone,
    barrier,
    first,
    first_before_others,
    here,
    join,
    leave,
    local_part,
    rank,
    spread_like,
    started_together,
    summed,
    whole,
    world,
)
from tests.together import together


def test_a_process_alone_is_the_first_and_adds_up_to_itself():
    assert (rank(), world(), here(), first(), started_together()) == (0, 1, 1, True, False)
    assert summed(2.5, -1.0) == [2.5, -1.0]
    assert (anyone(True), anyone(False)) == (True, False)
    assert join(torch.device("cpu")) == torch.device("cpu")
    barrier()
    leave()
    tensor = torch.ones(3, 2)
    assert local_part(tensor) is whole(tensor) is spread_like(tensor, torch.zeros(3, 2)) is tensor


@pytest.mark.skipif(torch.cuda.is_available(), reason="a process that has used CUDA cannot fork")
def test_three_processes_agree(tmp_path):
    made = tmp_path / "made"

    def work():
        with first_before_others():
            seen = made.exists()
            made.touch()
        from torch.distributed.device_mesh import init_device_mesh  # noqa: PLC0415
        from torch.distributed.tensor import Shard, distribute_tensor  # noqa: PLC0415

        full = torch.arange(10.0).view(5, 2)
        spread = distribute_tensor(full, init_device_mesh("cpu", (3,)), [Shard(0)])
        assert torch.equal(whole(spread), full)
        assert torch.equal(local_part(spread_like(full, spread)), local_part(spread))
        sums = summed(0.1, float(rank()))
        return [rank(), world(), first(), seen, sums, anyone(rank() == 2), local_part(spread).flatten().tolist()]

    found = together(3, work, tmp_path / "group")
    assert [each[:4] for each in found] == [[0, 3, True, False], [1, 3, False, True], [2, 3, False, True]]
    assert all(each[4] == found[0][4] for each in found)
    assert found[0][4] == pytest.approx([0.3, 3.0])
    assert [each[5] for each in found] == [True] * 3
    assert [number for each in found for number in each[6]] == list(range(10))


def test_a_process_that_fails_fails_the_test(tmp_path):
    def work():
        if rank() == 1:
            raise ValueError("this one")
        return os.getpid()

    with pytest.raises(AssertionError, match="this one"):
        together(2, work, tmp_path)

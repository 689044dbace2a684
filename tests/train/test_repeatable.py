import pytest
import torch

from llmlab.train.repeatable import repeatable

from .conftest import Killed, same_outcome

CPU = torch.device("cpu")


@pytest.fixture
def two_threads():
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


def asked(compiled, device):
    with repeatable(compiled, device):
        return torch.are_deterministic_algorithms_enabled()


def test_asked_for_only_where_it_is_needed(two_threads):
    assert asked(True, CPU)
    assert not asked(False, CPU)
    assert not asked(True, torch.device("cuda"))
    torch.set_num_threads(1)
    assert not asked(True, CPU)


def test_what_was_set_is_put_back_whatever_happens(two_threads):
    filled = torch.utils.deterministic.fill_uninitialized_memory
    with pytest.raises(Killed), repeatable(True, CPU):
        raise Killed
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory is filled


@pytest.mark.slow
def test_a_compiled_run_on_two_threads_repeats_itself_and_resumes_exactly(settings, scratch, two_threads):
    """Ids that come often, so that many gradients fall on one row: without the guard most of 40 passes differed."""
    shape = {"width": 128, "head_size": 64, "context": 128, "ffn": "relu2"}
    setting = settings(compile=True, threads=2, model=shape, steps=9, rows=8, optimizer="muon")
    first = setting.run(scratch.with_name("first"))
    for number in range(3):
        same_outcome(setting.run(scratch.with_name(str(number))), first)
    with pytest.raises(Killed):
        setting.run(scratch, stop=5)
    same_outcome(setting.run(scratch, seed=9), first)

import psutil
import pytest
import torch

from llmlab.runtime.device import machine_facts, peak_memory_mib, pick_device, set_threads


def test_the_cpu_is_always_there():
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("auto").type in ("cpu", "cuda", "mps")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_device_that_is_absent_is_refused_with_those_present(refuses):
    refuses(["'cuda'", "cpu", "train.device: auto"], pick_device, "cuda")


def test_an_unknown_device_is_refused(refuses):
    refuses(["'tpu'"], pick_device, "tpu")


def test_threads_are_set():
    try:
        set_threads(2)
        assert torch.get_num_threads() == 2
    finally:
        set_threads(1)


def test_facts_are_of_this_machine():
    facts = machine_facts()
    assert facts["torch"] == torch.__version__
    assert facts["threads"] == torch.get_num_threads()
    assert facts["memory_gib"] == round(psutil.virtual_memory().total / 2**30, 1)
    assert facts["processor"]


def test_the_peak_is_at_least_what_is_held_now():
    held = psutil.Process().memory_info().rss / 2**20
    assert held * 0.8 < peak_memory_mib() < psutil.virtual_memory().total / 2**20
    before = peak_memory_mib()
    ballast = torch.ones(30_000_000)
    assert peak_memory_mib() >= before
    assert ballast.numel() == 30_000_000

import pytest
import safetensors
import torch

from llmlab.runtime.tensors import Joined, read_tensors, write_tensors


def test_what_is_written_is_read_bit_for_bit(tmp_path):
    tensors = {
        "a": torch.randn(3, 4).t(),  # not contiguous
        "one": torch.tensor([3.5]),
        "ids": torch.arange(5),
        "low": torch.randn(2).to(torch.bfloat16),
        "empty": torch.zeros(0, 3),
        "learned": torch.nn.Parameter(torch.tensor([float("nan"), float("inf"), -0.0])),
    }
    write_tensors(tmp_path / "x.safetensors", tensors)
    found = read_tensors(tmp_path / "x.safetensors", "pretrain")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
        assert found[name].view(torch.uint8).tolist() == tensor.detach().contiguous().view(torch.uint8).tolist()


def test_missing_torn_and_foreign_files_are_refused(tmp_path, refuses):
    path = tmp_path / "x.safetensors"
    refuses(["x.safetensors", "missing", "dvc repro pretrain"], read_tensors, path, "pretrain")
    write_tensors(path, {"a": torch.ones(100)})
    whole = path.read_bytes()
    for content in (whole[:-1], whole[:50], whole[:4], b"", b"\x80\x04pickle" * 40):
        path.write_bytes(content)
        refuses(["x.safetensors", "dvc repro -f pretrain"], read_tensors, path, "pretrain")


def test_scalars_keep_their_shape(tmp_path):
    write_tensors(tmp_path / "x.safetensors", {"step": torch.tensor(3.0)})
    found = read_tensors(tmp_path / "x.safetensors", "pretrain")["step"]
    assert found.shape == ()
    assert found == 3.0


def test_errors_other_than_a_full_disk_are_not_hidden(tmp_path):
    with pytest.raises(safetensors.SafetensorError, match="os error 2"):
        write_tensors(tmp_path / "no" / "folder.safetensors", {"a": torch.ones(4)})


def test_files_joined_are_the_whole_of_what_was_cut(tmp_path):
    whole = torch.randn(5, 3)
    parts = [
        {"cut": whole[:2], "step": torch.tensor(4.0), "first": torch.ones(2)},
        {"cut": whole[2:], "step": torch.tensor(4.0)},
        {"cut": whole[5:], "last": torch.zeros(1)},
    ]
    paths = [tmp_path / f"{number}.safetensors" for number in range(3)]
    for path, part in zip(paths, parts, strict=True):
        write_tensors(path, part)
    found = Joined(paths)
    assert sorted(found) == ["cut", "first", "last", "step"]
    assert len(found) == 4
    assert torch.equal(found["cut"], whole)
    assert found["step"].shape == ()
    assert torch.equal(found["first"], torch.ones(2))
    with pytest.raises(KeyError):
        found["other"]
    paths[1].write_bytes(paths[1].read_bytes()[:-1])
    with pytest.raises(safetensors.SafetensorError):
        Joined(paths)

import struct

import pytest

from llmlab.train import events
from llmlab.train.events import EventFile, crc32c, header, record, restart, scalars


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
    ],
)
def test_the_checksum_is_that_of_rfc_3720(data, value):
    """Appendix B.4, and the usual check value of CRC-32C."""
    assert crc32c(data) == value


# Written by TensorBoard 2.21's own EventFileWriter and protocol buffers.
HEADER = "1800000000000000a37f4b220900000000004a93401a0d627261696e2e4576656e743a3265b8d3fb"
SCALARS = (
    "3200000000000000241956ec0900000000004a934010ac022a240a110a0a747261696e2f6c6f737315000020400a0f0a08747261696e2f"
    "6c72156f12833ac5f04924"
)
RESTART = "0f000000000000006d532b090900000000004a934010073a020801b743e2dd"


def test_every_event_is_what_tensorboard_writes():
    assert record(header(1234.5)).hex() == HEADER
    assert record(scalars(1234.5, 300, {"train/loss": 2.5, "train/lr": 1e-3})).hex() == SCALARS
    assert record(restart(1234.5, 7)).hex() == RESTART


def records(path):
    raw, found = path.read_bytes(), []
    while raw:
        (length,) = struct.unpack("<Q", raw[:8])
        data = raw[12 : 12 + length]
        assert raw[: 16 + length] == record(data)
        found.append(data)
        raw = raw[16 + length :]
    return found


def test_a_run_that_goes_on_adds_a_file_that_takes_back_the_later_steps(tmp_path, monkeypatch):
    monkeypatch.setattr(events.time, "time", lambda: 5.0)
    file = EventFile(tmp_path / "run")
    file.start(0)
    file.log("train", 1, {"loss": 2.0})
    file.log("train", 2, {"loss": 1.5})
    file.start(1)
    file.log("train", 2, {"loss": 1.5})
    file.close()
    file.close()
    first, second = sorted((tmp_path / "run").iterdir())
    again = scalars(5.0, 2, {"train/loss": 1.5})
    assert records(first) == [header(5.0), restart(5.0, 1), scalars(5.0, 1, {"train/loss": 2.0}), again]
    assert records(second) == [header(5.0), restart(5.0, 2), again]


def test_from_step_0_old_files_go(tmp_path):
    for _ in range(2):
        file = EventFile(tmp_path)
        file.start(0)
        file.log("train", 1, {"loss": 2.0})
        file.close()
    (path,) = tmp_path.iterdir()
    assert len(records(path)) == 3

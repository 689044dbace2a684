import io
import sys

from llmlab.train.journal import Journal

UPDATE = {"tokens": 900, "loss": 2.345, "grad_norm": 1.5, "lr": 0.1}
POINT = {"step": 5, "tokens": 500, "train_loss": 2.5, "val_loss": 2.25, "lr": 0.1, "grad_norm": 1.5}


def test_without_a_terminal_each_validation_is_a_plain_line(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with Journal(10, "pretrain") as journal:
        journal.step(5, 500, UPDATE)
        assert stream.getvalue() == ""
        journal.validated(POINT)
    line = stream.getvalue()
    assert line.startswith("pretrain step 5/10 train 2.5000 val 2.2500 grad 1.50 ")
    assert "ETA" in line
    assert "\x1b" not in line
    assert line.count("\n") == 1


def test_on_a_terminal_there_is_a_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    with Journal(10, "sft") as journal:
        journal.step(4, 400, UPDATE)
        journal.validated(POINT)
    assert "sft loss 2.345" in stream.getvalue()
    assert "4/10" in stream.getvalue()
    assert "val 2.2500" in stream.getvalue()


def test_speed_is_tokens_over_time(monkeypatch):
    clock = iter([100.0, 104.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    journal = Journal(10, "x", started=100.0)
    journal.step(1, 300, UPDATE)
    journal.step(2, 100, UPDATE)
    next(clock)
    assert journal.tokens == 400
    assert journal.tokens_per_second() == 100.0


class Kept:
    def __init__(self):
        self.calls = []

    def start(self, step):
        self.calls.append(("start", step))

    def log(self, kind, step, values):
        self.calls.append((kind, step, values))

    def close(self):
        self.calls.append("closed")


def test_loggers_get_every_number_and_are_closed_whatever_happens():
    kept = Kept()
    try:
        with Journal(10, "x", [kept]) as journal:
            journal.start(3)
            journal.step(4, 100, UPDATE)
            journal.validated(POINT)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert kept.calls == [
        ("start", 3),
        ("train", 4, UPDATE),
        ("validation", 5, {"loss": 2.25, "train_loss": 2.5}),
        "closed",
    ]

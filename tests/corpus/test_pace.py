from llmlab.corpus.pace import Pace


class Clock:
    """Time that passes only in sleep."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_one_host_is_asked_in_its_own_time() -> None:
    clock = Clock()
    pace = Pace(2.0, clock, clock.sleep)
    pace.wait("http://a.example/1")
    pace.wait("http://b.example/1")
    assert clock.slept == []
    pace.wait("https://a.example:8443/2")
    assert clock.slept == [2.0]
    clock.now += 5
    pace.wait("http://a.example/3")
    assert clock.slept == [2.0]


def test_a_host_may_ask_for_more_but_not_for_less() -> None:
    clock = Clock()
    pace = Pace(2.0, clock, clock.sleep)
    for delay in (7.0, 1.0, 0.0):
        pace.wait("http://a.example/", delay)
    assert clock.slept == [7.0, 2.0]

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.corpus.limits import FetchLimits


def test_no_address_is_private_by_default_and_a_host_gets_rest() -> None:
    limits = FetchLimits()
    assert limits.allow_private_hosts == []
    assert limits.host_pause_seconds > 0


@pytest.mark.parametrize(
    "values", [{"max_bytes": 0}, {"attempts": 0}, {"host_pause_seconds": -1}, {"max_redirects": 99}]
)
def test_limits_have_bounds(values: dict[str, int]) -> None:
    with pytest.raises(LabError, match=next(iter(values))):
        build(FetchLimits, values, "params.yaml: limits")

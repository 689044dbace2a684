import errno
from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError, disk_full, missing_file


def test_the_message_holds_problem_and_remedy():
    error = LabError("models/tokenizer is missing", "run `dvc repro train_tokenizer`")
    assert isinstance(error, ValueError)
    assert str(error) == "models/tokenizer is missing\n  to mend it: run `dvc repro train_tokenizer`"
    assert (error.problem, error.remedy) == ("models/tokenizer is missing", "run `dvc repro train_tokenizer`")


def test_a_missing_file_names_the_stage_that_writes_it():
    assert "dvc repro shard" in missing_file(Path("data/shards"), "shard").remedy


@pytest.mark.parametrize(("code", "is_full"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EACCES, False)])
def test_only_a_lack_of_space_is_a_full_disk(code, is_full):
    assert (disk_full(Path("x"), OSError(code, "")) is not None) is is_full

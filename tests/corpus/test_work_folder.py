from pathlib import Path

import pytest

from llmlab.corpus.work_folder import work_folder


def test_the_work_folder_is_below_scratch_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMLAB_SCRATCH", str(tmp_path / "big"))
    with work_folder("dedupe") as work, work_folder("dedupe") as other:
        assert work.is_dir()
        assert work != other
        assert work.parent == tmp_path / "big" / "dedupe"
    assert not work.exists()

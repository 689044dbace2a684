import pytest

from llmlab.artifacts.errors import LabError
from llmlab.viz.labels import columns_of, compact, percent, shortened, size
from llmlab.viz.tables import markdown_table, results_markdown, summary
from tests.viz.made import LANGUAGES, write


def test_the_summary_says_what_the_metrics_say(project):
    write(project / ".runs" / "pretrain.json", {"tokens_per_second": 5912, "seconds": 60})
    for folder in ("plots", "models"):
        (project / folder).mkdir()
    text = summary(project / "metrics", project / ".runs", LANGUAGES)
    for part in (
        "3,456,789",
        "1,200 steps, 4.9 M tokens, 5,912 tokens/s",
        "2.710 nats per token (best at step 1,140)",
        "62 % [52, 71] of 100 methods parse; 5-gram 23 %, real code 99 %",
        "The old man | went down to the sea",
        (project / "plots").as_posix(),
        (project / "models").as_posix(),
    ):
        assert part in text
    rows = {
        line.split()[0]: line.split()[-3:]
        for line in text.splitlines()
        if line.startswith("    ") and line[-1].isdigit()
    }
    assert rows == {
        "smalltalk": ["1.310", "1.400", "1.524"],
        "english": ["1.930", "2.020", "1.809"],
        "chinese": ["2.550", "2.640", "2.571"],
        "all": ["1.930", "2.020", "1.968"],
    }


def test_the_columns_of_the_summary_line_up_though_chinese_is_wide(project):
    lines = summary(project / "metrics", project / ".runs", LANGUAGES).splitlines()
    rows = [line for line in lines if line.startswith("    ") and line[-1].isdigit()]
    assert len(rows) == 4
    assert len({columns_of(line) for line in rows}) == 1
    assert all(columns_of(line) <= 100 for line in lines)


def test_a_summary_of_nothing_much(tmp_path):
    (tmp_path / "metrics").mkdir()
    text = summary(tmp_path / "metrics", tmp_path / ".runs")
    assert text.startswith("llm-lab")
    assert "tokens/s" not in text
    with pytest.raises(LabError, match="metrics is missing"):
        summary(tmp_path / "nowhere" / "metrics", tmp_path)


def test_parts_of_the_summary_may_be_missing(project):
    write(
        project / "metrics" / "eval.json",
        {"bits_per_byte": {"base": {"english": 1.5}}, "smalltalk": {"model": {"valid": 0.5}}},
    )
    write(project / "metrics" / "pretrain.json", {"val_loss": None})
    (project / "data" / "samples.json").unlink()
    text = summary(project / "metrics", project / ".runs")
    assert "1.500        –        –" in text
    assert "50 % parse" in text
    assert "– nats per token" in text


def test_markdown_equals_the_metrics(project):
    text = results_markdown(project / "metrics", LANGUAGES)
    assert "| smalltalk | 1.310 | 1.400 | 1.524 | −0.214 [−0.254, −0.169] |" in text
    assert "| parses (valid) | 62 % [52, 71] | 23 % [16, 32] | 99 % [95, 100] |" in text
    assert "| arithmetic/english | 100 | 20 % | 4.0 % | 6.0 % |" in text
    assert "| bugs | 1.300 | 2.900 | 1.400 |" in text
    assert "| pretrain | 1200 | 4.9 M | 2.600 | 2.710 |" in text
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 6
    assert all(len({line.count("|") for line in table}) == 1 for table in tables)


def test_markdown_before_the_first_run(tmp_path):
    (tmp_path / "metrics").mkdir()
    assert results_markdown(tmp_path / "metrics") == "No results yet: run `make repro`.\n"


def test_a_cell_cannot_break_its_table():
    assert markdown_table(["a", "b"], [["x|y", "1\n2"]]).splitlines()[-1] == "| x\\|y | 1 2 |"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999, "999"), (999.6, "1.0 k"), (1234, "1.2 k"), (9960, "10 k"), (34_000, "34 k"), (2.5e6, "2.5 M")],
)
def test_compact(value, text):
    assert compact(value) == text


def test_small_things():
    assert size(1_200_000) == "1.2 MB"
    assert [percent(share) for share in (None, 0, 1, 0.043, 0.62)] == ["–", "0 %", "100 %", "4.3 %", "62 %"]
    assert shortened("春天来了花开", 7) == "春天来…"
    assert shortened("a\n b", 9) == "a b"

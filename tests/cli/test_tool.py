"""Tools by hand, and in the hands of the chat model in miniature, which was taught nothing of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import CHAT, TOKENIZER
from llmlab.cli.tool import with_tools
from llmlab.cli.writer import Writer, load_writer, sampling_from

SHORT = ("--max-new", "12", "--temperature", "0")


@pytest.fixture
def writer(project: Path) -> Writer:
    sampling = sampling_from(temperature=0, top_k=0, top_p=1, max_new=8, command="lab chat")
    return load_writer(model=CHAT, tokenizer=TOKENIZER, sampling=sampling)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text("The fox lives by the river.\n\nThe crow lives in a tree.\n", encoding="utf-8")
    return folder


def test_by_hand_a_tool_says_what_a_model_would_read(works: Callable[..., str], texts: Path) -> None:
    assert works("tool", "calc", "(2 + 3) * 7") == "35\n"
    assert works("tool", "calc", "9**9**9") == "error: a number that is too large\n"
    assert works("tool", "smalltalk", "foo ^ 1") == "valid: foo, no arguments, sends nothing\n"
    assert works("tool", "search", "crow", "--documents", str(texts)) == "The crow lives in a tree.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tool", "weather", "Oslo"), "calc, search"),
        (("tool", "search", "fox"), "--documents"),
        (("chat", "--once", "Hm?", "--tools", "weather"), "calc, search"),
        (("chat", "--once", "Hm?", "--tools", "calc,search"), "--documents"),
        (("chat", "--once", "Hm?", "--tools", "smalltalk"), "tokenizer.tools: true"),
        (("chat", "--once", "Hm?", "--tools", "calc", "--lookup"), "--lookup"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(lab: Callable[..., object], arguments: list[str], said: str) -> None:
    result = lab(*arguments)
    assert getattr(result, "exit_code", None) == 1
    assert said in str(getattr(result, "stderr", ""))


def test_a_conversation_with_tools(works: Callable[..., str], texts: Path) -> None:
    for tools in ("calc,python", "all"):
        assert works("chat", "--once", "What is there?", "--tools", tools, *SHORT).strip()
    assert works("chat", "--once", "Hm?", "--tools", "search", "--documents", str(texts), *SHORT).strip()


def test_calls_are_shown_and_those_of_tools_that_are_off_are_answered(
    writer: Writer, capsys: pytest.CaptureFixture[str], refuses: Callable[..., LabError]
) -> None:
    calling = with_tools(writer, "calc", None).calling
    assert calling is not None
    assert calling.names == ["calc", "search", "python"]
    assert calling.run(0, "calc", "2 + 3") == "5"
    assert calling.run(0, "python", "print(1)\x1b[2J") == "error: there is no tool python"
    shown = capsys.readouterr().err
    assert "[calc: 2 + 3 -> 5]" in shown
    assert "\x1b[2J" not in shown
    refuses(["weather"], with_tools, writer, "weather", None)


def test_without_the_option_nothing_can_be_called(writer: Writer) -> None:
    assert writer.calling is None

import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.cli.chat import Conversation
from llmlab.cli.project import CHAT, TOKENIZER
from llmlab.cli.writer import Writer, load_writer, sampling_from

SHORT = ("--max-new", "12", "--temperature", "0")


@pytest.fixture
def talk(project: Path) -> Conversation:
    sampling = sampling_from(temperature=0, top_k=0, top_p=1, max_new=8, command="lab chat")
    return Conversation(load_writer(model=CHAT, tokenizer=TOKENIZER, sampling=sampling), "english", 1)


def test_one_question(works: Callable[..., str]) -> None:
    assert works("chat", "--once", "What is there?", *SHORT).strip()


def test_same_seed_same_answer(works: Callable[..., str]) -> None:
    options = ("--max-new", "12", "--temperature", "1")
    once, again, other = (works("chat", "--once", "Hm?", "--seed", seed, *options) for seed in "112")
    assert once == again != other


def test_questions_from_a_pipe(works: Callable[..., str]) -> None:
    text = works("chat", *SHORT, typed="What is there?\n\nWhat is there?\n")
    assert text.splitlines()[0] == works("chat", "--once", "What is there?", *SHORT).splitlines()[0]


def test_quit_reset_and_help(works: Callable[..., str]) -> None:
    once = works("chat", "--once", "What is there?", *SHORT)
    text = works("chat", *SHORT, typed="Hello.\n/reset\nWhat is there?\n/help\n/quit\nnever read\n")
    assert "(forgotten)\n" + once in text
    assert text.rstrip().endswith("leaves")


def test_language_can_change(works: Callable[..., str]) -> None:
    assert "(now in chinese)" in works("chat", *SHORT, typed="/lang chinese\n你好\n")


def test_an_error_spoils_one_question_only(lab: Callable[..., object]) -> None:
    result = lab("chat", *SHORT, typed="/lang klingon\n/nothing\nWhat is there?\n")
    assert getattr(result, "exit_code", None) == 0
    errors = str(getattr(result, "stderr", ""))
    assert "klingon" in errors
    assert "there is no command /nothing" in errors
    assert str(getattr(result, "stdout", "")).strip()


def test_system_message_counts(works: Callable[..., str]) -> None:
    plain = works("chat", "--once", "Hm?", "--temperature", "1", "--max-new", "12")
    assert works("chat", "--once", "Hm?", "--system", "Be brief.", "--temperature", "1", "--max-new", "12") != plain


def test_history_is_kept_and_shapes_the_answer(talk: Conversation) -> None:
    first = "".join(talk.ask("What is there?"))
    assert talk.messages == [
        {"role": "user", "content": "What is there?"},
        {"role": "assistant", "content": first},
    ]
    "".join(talk.ask("And then?"))
    assert len(talk.messages) == 4
    talk.reset()
    assert talk.messages == []


def test_an_answer_cut_short_is_still_history(talk: Conversation) -> None:
    pieces = talk.ask("What is there?")
    first = next(pieces)
    pieces.close()
    assert talk.messages[-1] == {"role": "assistant", "content": first}


def test_oldest_turns_are_dropped_to_fit(talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = []
    real = Writer._prompt_that_fits

    def spied(self: Writer, lang: str, messages: list[dict[str, str]]) -> list[int]:
        prompt = real(self, lang, messages)
        lengths.append(len(prompt))
        return prompt

    monkeypatch.setattr(Writer, "_prompt_that_fits", spied)
    for _ in range(8):
        "".join(talk.ask("The old lighthouse?"))
    assert len(talk.messages) >= 8
    assert max(lengths) <= talk.writer.model.config.context - 8


def test_system_message_survives_the_dropping(talk: Conversation) -> None:
    messages = [{"role": "system", "content": "Be brief."}]
    for _ in range(6):
        messages += [{"role": "user", "content": "The sea?"}, {"role": "assistant", "content": "The sea."}]
    messages.append({"role": "user", "content": "And?"})
    prompt = talk.writer._prompt_that_fits("english", messages)
    text = talk.writer.tokenizer.decode(prompt)
    assert text.startswith("Be brief.")
    assert text.endswith("And?")
    assert len(prompt) <= 64


@pytest.mark.parametrize("options", [["--cache", "static", "--fused"], ["--lookup"], ["--draft", "models/base"]])
def test_ways_to_be_faster_answer_the_same(works: Callable[..., str], options: list[str]) -> None:
    asked = ("chat", "--once", "What is there?", *SHORT)
    assert works(*asked, *options) == works(*asked)


def test_a_stop_text_ends_the_answer(works: Callable[..., str]) -> None:
    whole = works("chat", "--once", "What is there?", *SHORT)
    stop = whole[2:4]
    assert works("chat", "--once", "What is there?", *SHORT, "--stop", stop) == whole.partition(stop)[0] + "\n"


def test_special_tokens_are_never_written(talk: Conversation, works: Callable[..., str]) -> None:
    text = works("chat", "--once", "Hm?", "--temperature", "5", "--max-new", "60")
    assert "<|" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--once", " "], ["is empty", "lab chat"]),
        (["--once", "word " * 200], ["model reads 64", "fewer words"]),
        (["--lang", "klingon"], ["klingon", "english"]),
        (["--model", "models/none"], ["models/none is missing"]),
        (["--temperature", "99"], ["temperature", "lab chat"]),
    ],
)
def test_bad_input(fails: Callable[..., str], arguments: list[str], said: list[str]) -> None:
    text = fails("chat", *arguments)
    for word in said:
        assert word in text


def test_missing_chat_model_names_its_stage(fails: Callable[..., str], project: Path) -> None:
    (project / "models/chat").rename(project / "models/gone")
    assert "dvc repro sft" in fails("chat", "--once", "x")


def test_stdin_that_is_no_text(fails: Callable[..., str]) -> None:
    assert "UTF-8" in fails("chat", *SHORT, typed=b"\xff\xfe\n")


def test_in_a_terminal(project: Path) -> None:
    """A pseudo-terminal: greeting, prompt, a question and its answer, `/quit`."""
    ours, theirs = pty.openpty()
    program = [sys.executable, "-c", "from llmlab.cli.main import app; app()", "chat", *SHORT]
    process = subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        said = _read_until(ours, "you: ")
        os.write(ours, b"What is there?\n")
        said += _read_until(ours, "you: ")
        os.write(ours, b"/quit\n")
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert "/reset forgets" in said
    assert "model: " in said


def _read_until(terminal: int, end: str) -> str:
    said = b""
    while not said.decode("utf-8", "replace").endswith(end):
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, said
        said += os.read(terminal, 4096)
    return said.decode("utf-8", "replace")

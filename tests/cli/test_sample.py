import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.cli.writer import restored, shown

SHORT = ("--max-new", "24")


def test_text_begins_with_the_prompt_and_goes_on(works: Callable[..., str]) -> None:
    text = works("sample", "The old", *SHORT)
    assert text.startswith("The old")
    assert len(text) > len("The old") + 5


def test_same_seed_same_text(works: Callable[..., str]) -> None:
    once, again, other = (works("sample", "The", "--seed", seed, *SHORT) for seed in ("3", "3", "4"))
    assert once == again != other


@pytest.mark.parametrize("lang", ["english", "chinese", "smalltalk"])
def test_streamed_text_is_the_same(works: Callable[..., str], lang: str) -> None:
    options = ("sample", "--lang", lang, "--max-new", "60", "--temperature", "1.5", "--top-p", "1")
    assert works(*options, "--stream") == works(*options, "--no-stream")


def test_draws_of_one_seed_differ_and_do_not_depend_on_their_number(works: Callable[..., str]) -> None:
    one, three = works("sample", "The", *SHORT), works("sample", "The", "--count", "3", *SHORT)
    parts = three.split("--- ")[1:]
    assert [part.partition("\n")[0] for part in parts] == ["1 of 3", "2 of 3", "3 of 3"]
    texts = [part.partition("\n")[2] for part in parts]
    assert texts[0] == one
    assert len(set(texts)) == 3


def test_temperature_zero_ignores_the_seed(works: Callable[..., str]) -> None:
    assert len({works("sample", "The", "--temperature", "0", "--seed", seed, *SHORT) for seed in "123"}) == 1


def test_top_k_one_is_temperature_zero(works: Callable[..., str]) -> None:
    assert works("sample", "The", "--top-k", "1", *SHORT) == works("sample", "The", "--temperature", "0", *SHORT)


def test_prompt_from_stdin(works: Callable[..., str]) -> None:
    assert works("sample", "-", *SHORT, typed="The old\n") == works("sample", "The old", *SHORT)


def test_stdin_that_is_no_text(fails: Callable[..., str]) -> None:
    assert "UTF-8" in fails("sample", "-", typed=b"\xff\xfe\xfa")


def test_adapter_changes_the_text(works: Callable[..., str]) -> None:
    plain = works("sample", "The", *SHORT)
    assert works("sample", "The", "--adapter", "models/adapters/loud", *SHORT) != plain


def test_milestone_changes_the_text(works: Callable[..., str]) -> None:
    long = ("--max-new", "150")
    assert works("sample", "The", "--at-step", "6", *long) != works("sample", "The", *long)


def test_steps_is_another_name_for_max_new(works: Callable[..., str]) -> None:
    assert works("sample", "The", "--steps", "24") == works("sample", "The", *SHORT)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--draft", "models/chat", "--lookup"], ["--draft and --lookup", "one of them"]),
        (["--compile"], ["beforehand", "--cache static"]),
        (["--compile", "--cache", "static", "--lookup"], ["steps of one id", "one of them"]),
        (["--draft", "models/nothing"], ["models/nothing is missing", "models/base"]),
        (["--stop", ""], ["stop text is empty"]),
        (["--prompts", "params.yaml"], ["takes the place of a prompt"]),
        (["--model", "models/nothing"], ["models/nothing is missing", "dvc repro pretrain", "models/base"]),
        (["--tokenizer", "nowhere"], ["nowhere is missing", "dvc repro train_tokenizer"]),
        (["--lang", "klingon"], ["klingon", "english"]),
        (["--adapter", "models/adapters/none"], ["models/adapters/none", "loud", "dvc repro lora"]),
        (["--at-step", "7"], ["step 7", "kept: 6", "train.milestones"]),
        (["--temperature", "-1"], ["temperature", "-1", "lab sample --lang english --temperature 0.8"]),
        (["--temperature", "nan"], ["temperature", "nan"]),
        (["--top-p", "0"], ["top_p", "lab sample"]),
        (["--top-k", "-3"], ["top_k"]),
        (["--max-new", "0"], ["max_new"]),
        (["--count", "0"], ["--count"]),
        (["--device", "abacus"], ["abacus"]),
    ],
)
def test_bad_input(fails: Callable[..., str], arguments: list[str], said: list[str]) -> None:
    text = fails("sample", "x", *arguments)
    for word in said:
        assert word in text


def test_model_of_another_tokenizer(fails: Callable[..., str], project: Path) -> None:
    (project / "models/base/tokenizer.json").write_text('{"sha256": "0000"}', encoding="utf-8")
    assert "was made with tokenizer 0000" in fails("sample", "x")


def test_adapter_of_another_base(fails: Callable[..., str]) -> None:
    text = fails("sample", "x", "--model", "models/chat", "--adapter", "models/adapters/loud")
    assert "belongs to base" in text


def test_torn_weights(fails: Callable[..., str], project: Path) -> None:
    path = project / "models/base/model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    assert "no whole safetensors file" in fails("sample", "x")


def test_empty_model_folder(fails: Callable[..., str], project: Path) -> None:
    shutil.rmtree(project / "models/base")
    (project / "models/base").mkdir()
    assert "dvc repro pretrain" in fails("sample", "x")


GREEDY = ("--temperature", "0", "--max-new", "40")


@pytest.mark.parametrize(
    "options",
    [
        ["--fused", "--cache", "static"],
        ["--draft", "models/chat", "--ahead", "2"],
        ["--fused", "--lookup", "--ahead", "7"],
    ],
    ids=" ".join,
)
def test_ways_to_be_faster_write_the_same(works: Callable[..., str], options: list[str]) -> None:
    assert works("sample", "The old", *GREEDY, *options) == works("sample", "The old", *GREEDY)


def test_compiling_without_a_compiler_is_refused(fails: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert "needs a C++ compiler" in fails("sample", "The", "--compile", "--cache", "static")


def test_a_static_cache_draws_the_same(works: Callable[..., str]) -> None:
    assert works("sample", "The", *SHORT, "--cache", "static") == works("sample", "The", *SHORT)


@pytest.mark.parametrize("guess", [["--lookup"], ["--draft", "models/chat"]], ids=" ".join)
def test_guessing_ahead_repeats_with_the_seed(works: Callable[..., str], guess: list[str]) -> None:
    once, again, other = (works("sample", "The", *SHORT, *guess, "--seed", seed) for seed in "112")
    assert once == again != other


def test_eight_bits_write(works: Callable[..., str]) -> None:
    assert len(works("sample", "The old", *SHORT, "--int8")) > len("The old") + 5


def test_stop_texts_end_it_before_them(works: Callable[..., str]) -> None:
    whole = works("sample", "The", *GREEDY).removesuffix("\n")
    stop = whole[12:15]
    assert works("sample", "The", *GREEDY, "--stop", stop, "--stop", "never there") == (
        "The" + whole[3:].partition(stop)[0] + "\n"
    )


def test_a_file_of_prompts_is_continued_line_by_line(works: Callable[..., str], project: Path) -> None:
    lines = ["The old", "A fox met", "x"]
    (project / "prompts.txt").write_text("\n\n".join(lines), encoding="utf-8")
    parts = works("sample", "--prompts", "prompts.txt", *GREEDY).split("--- ")[1:]
    for number, (line, part) in enumerate(zip(lines, parts, strict=True), 1):
        assert part == f"{number} of 3\n" + works("sample", line, *GREEDY)
    stopped = works("sample", "--prompts", "prompts.txt", *GREEDY, "--stop", " ").split("--- ")[1:]
    assert stopped[1] == "2 of 3\n" + works("sample", lines[1], *GREEDY, "--stop", " ")


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (b"\n \n", [], "holds no prompt"),
        (b"\xff\xfe", [], "cannot be read"),
        (None, [], "cannot be read"),
        (b"a\n", ["--lookup"], "one text at a time"),
        (b"a\n", ["--count", "2"], "--count"),
    ],
)
def test_bad_files_of_prompts(
    fails: Callable[..., str], project: Path, content: bytes | None, options: list[str], said: str
) -> None:
    if content is not None:
        (project / "prompts.txt").write_bytes(content)
    assert said in fails("sample", "--prompts", "prompts.txt", *options)


def test_a_terminal_gets_no_control_codes() -> None:
    assert shown("a\tb\nc 中") == "a\tb\nc 中"
    assert shown("\x1b[2Jgone\r\x07\x9b") == "\ufffd[2Jgone\ufffd\ufffd\ufffd"


def test_what_only_a_whole_text_tells_is_read_with_its_prompt() -> None:
    class Stands:
        """A tokenizer of bytes that writes a byte 0xFF for "the byte before, once more"."""

        def decode(self, ids: list[int]) -> str:
            told = bytearray()
            for byte in ids:
                told.append(told[-1] if byte == 0xFF and told else byte)
            return told.decode("utf-8", "replace")

    prompt = [*b"ab"]
    assert list(restored(Stands(), prompt, [0xFF, *"é".encode(), ord("c")])) == ["b", "é", "c"]  # type: ignore[arg-type]
    assert "".join(restored(Stands(), prompt, [0xC3])) == "\ufffd"  # type: ignore[arg-type]
    assert list(restored(Stands(), prompt, [])) == []  # type: ignore[arg-type]

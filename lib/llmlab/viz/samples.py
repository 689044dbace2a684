"""What the models wrote, as the evaluate stage keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import read_json

Step = int | str


@dataclass(frozen=True)
class Sample:
    """A text that the model at one step of its training continued from a prompt."""

    step: Step
    lang: str
    prompt: str
    text: str


@dataclass(frozen=True)
class Exchange:
    """A question and what the chat model answered."""

    lang: str
    question: str
    answer: str


@dataclass(frozen=True)
class Method:
    """A method body that the model wrote for a signature, beside the real one."""

    signature: str
    written: str
    real: str
    valid: bool


@dataclass(frozen=True)
class Samples:
    """All of them; `samples` by step, named steps such as `final` last."""

    samples: tuple[Sample, ...] = ()
    chat: tuple[Exchange, ...] = ()
    completions: tuple[Method, ...] = ()

    def steps(self) -> list[Step]:
        """The steps at hand, in order."""
        return list(dict.fromkeys(sample.step for sample in self.samples))

    def languages(self) -> list[str]:
        """The languages at hand, in the order of the file."""
        return list(dict.fromkeys(sample.lang for sample in self.samples))

    def at(self, step: Step, lang: str) -> list[Sample]:
        """The samples of one language at one step."""
        return [sample for sample in self.samples if (sample.step, sample.lang) == (step, lang)]


def read_samples(path: Path) -> Samples:
    """Read a samples file; a part that is not there is empty.

    Raises:
        LabError: the file is missing or not what `evaluate` writes.
    """
    tree = read_json(path, "evaluate")
    try:
        rows = [_sample(row) for row in tree.get("samples") or []]
        return Samples(
            samples=tuple(sorted(rows, key=_place)),
            chat=tuple(
                Exchange(readable(r["lang"]), readable(r["question"]), readable(r["answer"]))
                for r in tree.get("chat") or []
            ),
            completions=tuple(_method(row) for row in tree.get("completions") or []),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LabError(
            f"{path} is no file of samples: {error!r}", "run `dvc repro -f evaluate`, which writes it"
        ) from error


def _sample(row: Mapping[str, Any]) -> Sample:
    prompt, text = readable(row["prompt"]), readable(row["text"])
    step = readable(str(row["step"]))
    return Sample(
        int(step) if step.isdecimal() else step,
        readable(row["lang"]),
        prompt,
        text.removeprefix(prompt) if prompt else text,
    )


def _method(row: Mapping[str, Any]) -> Method:
    return Method(readable(row["signature"]), readable(row["written"]), readable(row["real"]), bool(row["valid"]))


def _place(sample: Sample) -> tuple[bool, int]:
    return (False, sample.step) if isinstance(sample.step, int) else (True, 0)


def readable(value: object) -> str:
    """Text that any file can hold: lone surrogates and control characters become visible signs."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if code < 0x20 and character not in "\n\t":
        return chr(0x2400 + code)
    # Direction overrides and C1 controls could make a page show what is not there.
    return "\ufffd" if 0x7F <= code <= 0x9F or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069 else character

"""How `sample` and `chat` generate: options that change speed or where a text ends, never what is drawn from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from llmlab.artifacts.errors import LabError

Cache = Annotated[
    Literal["growing", "static"], typer.Option(help="Key-value cache: copied at each step, or memory taken beforehand.")
]
Fused = Annotated[
    bool, typer.Option("--fused", help="Join matrices that read the same input: the same up to rounding.")
]
Int8 = Annotated[bool, typer.Option("--int8", help="Weights in 8 bits: faster on a CPU, slightly other text.")]
Compiled = Annotated[
    bool, typer.Option("--compile", help="Compile the step of one text: half a minute at first, then faster.")
]
DraftModel = Annotated[
    Path | None, typer.Option("--draft", help="A smaller model of the same tokenizer, which guesses ahead.")
]
LookUp = Annotated[bool, typer.Option("--lookup", help="Guess that the text goes on as it did before.")]
Ahead = Annotated[int, typer.Option(min=1, max=64, help="Tokens guessed at a time by --draft or --lookup.")]
Tools = Annotated[
    str | None, typer.Option(help="Tools that the model may call, with commas: calc,search,python,smalltalk; or all.")
]
Documents = Annotated[
    Path | None, typer.Option(help="Folder of .txt and .md files that the tool `search` looks through.")
]
Stop = Annotated[list[str] | None, typer.Option("--stop", help="End before this text; may be given several times.")]


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """What those options say; everything off is the plain engine."""

    cache: Literal["growing", "static"] = "growing"
    """Kind of key-value cache."""
    fused: bool = False
    """Read through `decode.reader.Reader`."""
    int8: bool = False
    """Weights in 8 bits, which takes the reader too."""
    compiled: bool = False
    """Read through `decode.compiled.CompiledReader`, which takes a static cache."""
    draft: Path | None = None
    """Folder of a draft model."""
    lookup: bool = False
    """Guess from the text itself."""
    ahead: int = 4
    """Tokens guessed at a time."""
    stop: tuple[str, ...] = ()
    """Texts that end a continuation."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            LabError: two options that exclude each other, or an empty stop text.
        """
        if self.draft is not None and self.lookup:
            raise LabError("--draft and --lookup both guess ahead", "give one of them")
        if self.compiled and self.cache != "static":
            raise LabError("--compile needs memory taken beforehand", "add `--cache static`")
        if self.compiled and self.guesses:
            raise LabError("--compile is for steps of one id, and guessing reads several", "give one of them")
        if "" in self.stop:
            raise LabError("a stop text is empty, and would end everything at once", "give one: `--stop 'User:'`")

    @property
    def guesses(self) -> bool:
        """Whether ids are guessed ahead."""
        return self.lookup or self.draft is not None

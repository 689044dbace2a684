"""`lab sample`: a document continued by a model."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.decoding import Ahead, Cache, Compiled, Decoding, DraftModel, Fused, Int8, LookUp, Stop
from llmlab.cli.project import BASE, TOKENIZER


def sample(  # noqa: PLR0913 - one argument per option
    *,
    prompt: Annotated[
        str, typer.Argument(help="The beginning; `-` reads it from stdin, nothing starts a document.")
    ] = "",
    lang: Annotated[str, typer.Option(help="Language of the document.")] = "english",
    model: Annotated[Path, typer.Option(help="Model folder.")] = BASE,
    tokenizer: Annotated[Path, typer.Option(help="Tokenizer folder.")] = TOKENIZER,
    adapter: Annotated[Path | None, typer.Option(help="Adapter folder, such as models/adapters/NAME.")] = None,
    at_step: Annotated[int | None, typer.Option(help="Use the weights kept at this training step.")] = None,
    max_new: Annotated[int, typer.Option("--max-new", "--steps", help="Most tokens to write.")] = 120,
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest token; higher is wilder.")] = 0.8,
    top_k: Annotated[int, typer.Option(help="Draw among the k likeliest tokens; 0: all.")] = 0,
    top_p: Annotated[float, typer.Option(help="Draw among the fewest tokens that hold this probability.")] = 0.95,
    seed: Annotated[int, typer.Option(help="The same seed writes the same text.")] = 1,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many continuations.")] = 1,
    stream: Annotated[bool, typer.Option(help="Show the text while it is written.")] = True,
    prompts: Annotated[
        Path | None, typer.Option(help="A file with a prompt on each line: all are continued, as one batch.")
    ] = None,
    stop: Stop = None,
    cache: Cache = "growing",
    fused: Fused = False,
    int8: Int8 = False,
    compiled: Compiled = False,
    draft: DraftModel = None,
    lookup: LookUp = False,
    ahead: Ahead = 4,
    device: Annotated[str, typer.Option(help="cpu, cuda, mps, or auto.")] = "cpu",
) -> None:
    """Continue a document with a trained model; docs/GENERATION.md explains what makes it faster."""
    from llmlab.cli.writer import load_writer, sampling_from  # noqa: PLC0415

    beginning = read_prompt(prompt)
    decoding = Decoding(
        cache=cache,
        fused=fused,
        int8=int8,
        compiled=compiled,
        draft=draft,
        lookup=lookup,
        ahead=ahead,
        stop=tuple(stop or ()),
    )
    sampling = sampling_from(
        temperature=temperature, top_k=top_k, top_p=top_p, max_new=max_new, command=f"lab sample --lang {lang}"
    )
    writer = load_writer(
        model=model, tokenizer=tokenizer, sampling=sampling, adapter=adapter, step=at_step, device=device,
        decoding=decoding,
    )  # fmt: skip
    if prompts is not None:
        if prompt or count > 1:
            raise LabError("--prompts takes the place of a prompt and of --count", "leave those out")
        if compiled:
            raise LabError("--compile is for one text at a time", "leave out --prompts or --compile")
        beginnings = read_prompts(prompts)
        texts: Iterable[Iterable[str]] = [[text] for text in writer.continued_all(lang, beginnings, seed)]
    else:
        beginnings = [beginning] * count
        texts = (writer.continued(lang, beginning, seed, number) for number in range(count))
    for number, (start, text) in enumerate(zip(beginnings, texts, strict=True), 1):
        if len(beginnings) > 1:
            print(f"--- {number} of {len(beginnings)}")
        show(start, text, stream)


def read_prompt(prompt: str) -> str:
    """The prompt itself, or what stdin holds when it is `-`.

    Raises:
        LabError: stdin is not UTF-8 text.
    """
    if prompt != "-":
        return prompt
    try:
        return sys.stdin.read().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise LabError(
            f"stdin is not UTF-8 text: {error.reason}", "convert it: `iconv -f latin1 FILE | lab sample -`"
        ) from error


def read_prompts(path: Path) -> list[str]:
    """The lines of a file that are not empty.

    Raises:
        LabError: it cannot be read, is not UTF-8 text, or has no such line.
    """
    remedy = "give a UTF-8 text file with a prompt on each line: `lab sample --prompts prompts.txt`"
    try:
        found = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise LabError(f"{path} cannot be read: {error}", remedy) from error
    if not found:
        raise LabError(f"{path} holds no prompt", remedy)
    return found


def show(beginning: str, written: Iterable[str], stream: bool) -> None:
    """Print the beginning, dim on a terminal, and what was written after it."""
    from llmlab.cli.writer import shown  # noqa: PLC0415

    terminal = sys.stdout.isatty()
    if beginning:
        typer.secho(beginning, dim=True, nl=False)
    for piece in written if stream else ["".join(written)]:
        sys.stdout.write(shown(piece) if terminal else piece)
        sys.stdout.flush()
    print(flush=True)

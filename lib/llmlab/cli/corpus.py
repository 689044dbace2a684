"""`lab corpus`: a person's own texts, or a whole language more, into the pipeline."""

import difflib
import shutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import OWN, PARAMS, folder_size, languages, size_text

if TYPE_CHECKING:
    from llmlab.cli.own import Taken

_NEAR = 0.75

app = typer.Typer(
    help="Your own texts, or a whole language more, into the pipeline.",
    epilog="Example: lab corpus add my-letters ~/letters --lang english --license 'mine, unpublished'",
)


class Kind(StrEnum):
    """Kinds of document."""

    PROSE = "prose"
    CODE = "code"
    VERSE = "verse"
    DIALOGUE = "dialogue"


class Cut(StrEnum):
    """How a file becomes documents."""

    AUTO = "auto"
    NONE = "none"
    LINES = "lines"
    BLOCKS = "blocks"


@app.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """Your own texts, or a whole language more, into the pipeline."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command(
    epilog="Example: lab corpus add grimm ~/maerchen --lang german --license CC0-1.0, or lab corpus add seaside "
    "~/src/Seaside --lang smalltalk --kind code --license MIT"
)
def add(  # noqa: PLR0913 - one argument per option
    *,
    name: Annotated[str, typer.Argument(help="What to call it: lower-case letters, digits, hyphens.")],
    folder: Annotated[Path, typer.Argument(help="The folder (or one file) that holds the texts.")],
    lang: Annotated[str, typer.Option(help="Its language; one that params.yaml does not know is added to it.")],
    kind: Annotated[Kind, typer.Option(help="What the texts are; conversations are dialogue.")] = Kind.PROSE,
    licence: Annotated[str, typer.Option("--license", help="Under which terms you have it.")] = "private",
    glob: Annotated[list[str] | None, typer.Option(help="Which files, such as '**/*.txt'; may be repeated.")] = None,
    encoding: Annotated[str, typer.Option(help="Encoding of files without a byte order mark.")] = "utf-8",
    cut: Annotated[Cut, typer.Option(help="One document per file, line or block; auto decides.")] = Cut.AUTO,
    prompt: Annotated[str, typer.Option(help="What the samples of a new language begin with.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace a corpus of the same name.")] = False,
    new_language: Annotated[
        bool, typer.Option("--new-language", help="It is a new one, whatever it looks like.")
    ] = False,
) -> None:
    """Check a folder of texts, copy it to data/own, and name it in params.yaml."""
    from llmlab.cli.own import Wanted, check_name, take  # noqa: PLC0415
    from llmlab.cli.source_list import SourceList  # noqa: PLC0415

    known = languages()
    _check_language(lang, known, new_language)
    check_name(name)
    listed = SourceList(PARAMS)
    old = listed.named(name)
    if old is not None and not replace:
        raise LabError(
            f"{PARAMS} already names a source {name}",
            f"add `--replace`, take another name, or run `lab corpus remove {name}`",
        )
    wanted = Wanted(
        name=name, lang=lang, kind=kind.value, licence=licence, encoding=encoding, globs=glob or [], cut=cut.value
    )
    taken = take(wanted, folder, replace)
    listed.add(lang, taken.source, prompt or taken.prompt)
    if old is not None:
        # After the new one, so that a language keeps its place in the list.
        listed.remove(old)
    listed.save()
    _report(taken, lang, lang not in known)


@app.command(name="list", epilog="Example: lab corpus list")
def show() -> None:
    """List your own corpora: where each is used, and how large it is."""
    from llmlab.cli.source_list import SourceList  # noqa: PLC0415

    languages()
    listed = SourceList(PARAMS)
    found = sorted(path for path in OWN.iterdir() if path.is_dir() and path.name[0] != ".") if OWN.is_dir() else []
    for path in found:
        entry = listed.named(path.name)
        use = f"{entry.lang}, {entry.entry['document']}" if entry else f"not in {PARAMS}"
        files = sum(1 for file in path.rglob("*") if file.is_file())
        print(f"{path.name}: {use}, {files} files, {size_text(folder_size(path))}")
    if not found:
        print("none yet; `lab corpus add NAME FOLDER --lang L` adds one")


@app.command(epilog="Example: lab corpus remove my-letters --yes")
def remove(
    name: Annotated[str, typer.Argument(help="Which one; `lab corpus list` names them.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete the copy in data/own and take the corpus out of params.yaml."""
    from llmlab.cli.own import NAME  # noqa: PLC0415
    from llmlab.cli.source_list import SourceList  # noqa: PLC0415

    languages()
    listed, folder = SourceList(PARAMS), OWN / name
    old = listed.named(name)
    if not NAME.fullmatch(name) or (old is None and not folder.is_dir()):
        raise LabError(f"there is no corpus called {name!r}", "list them with `lab corpus list`")
    if not yes:
        typer.confirm(f"delete {folder} ({size_text(folder_size(folder))})?", abort=True)
    gone = listed.remove(old) if old is not None else None
    listed.save()
    shutil.rmtree(folder, ignore_errors=True)
    print(f"removed {folder}" + (f", and with it the language {gone}" if gone else ""))
    print("next: `dvc repro`")


def _check_language(lang: str, known: list[str], new: bool) -> None:
    """Refuse what cannot be a language's name, and what looks like a slip of the pen."""
    if not lang.replace("-", "").isalnum() or not lang.isascii() or lang != lang.lower():
        raise LabError(f"{lang!r} is no name of a language", "use lower-case letters, as in `--lang german`")
    near = difflib.get_close_matches(lang, known, n=1, cutoff=_NEAR)
    if lang not in known and near and not new:
        raise LabError(
            f"the project knows no language {lang!r}", f"did you mean `--lang {near[0]}`? If not, add `--new-language`"
        )


def _report(taken: "Taken", lang: str, new: bool) -> None:
    entry = taken.source
    print(
        f"copied {taken.files} files to {entry['path']}: {taken.documents} documents, {taken.characters:,} characters"
    )
    for reason, number in taken.skipped.items():
        print(f"  left out: {number} {reason}")
    if taken.dropped:
        of = f"of the first {taken.previewed} documents " if taken.previewed < taken.documents else ""
        reasons = ", ".join(f"{number} {reason}" for reason, number in taken.dropped.items())
        print(f"  {of}the clean stage will drop: {reasons}")
    shape = "files" if entry["group_by"] == "file" else f"{entry.get('split', 'row')} cut from the files"
    print(f"  {', '.join(f'{name} {number}' for name, number in taken.sets.items())} (groups are {shape})")
    empty = [name for name, number in taken.sets.items() if not number]
    if empty:
        print(f"  warning: {' and '.join(empty)} will hold none of it; add text, or change `split.salt` in {PARAMS}")
    if lang == "smalltalk" and entry["document"] == Kind.PROSE:
        print("  warning: taken as prose; classes and methods are read by their formats with `--kind code --replace`")
    print(f"added it to `scrape.{lang}.sources` in {PARAMS}; `git diff {PARAMS}` shows how")
    print("data/own is part of the repository: do not commit texts that are not yours to publish")
    if new:
        print(f"{lang} is a new language: the tokenizer gets a token for it, so every stage after `split` runs again")
    print("next: `dvc repro`")

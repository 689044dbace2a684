"""`lab forget`: a repository, an author or a document out of the corpus, in this build and in every later one."""

import re
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import CLEAN, CLUSTERS, PARAMS, RAW, REMOVED, project_params

if TYPE_CHECKING:
    from llmlab.artifacts.documents import Document

_ID = re.compile(r"[0-9a-f]{16}")


class What(StrEnum):
    """Kinds of entry."""

    REPOSITORY = "repository"
    AUTHOR = "author"
    ID = "id"


def forget(
    who: Annotated[str, typer.Argument(help="owner/name or a source's name, a person's name, or a document's id.")],
    what: Annotated[What | None, typer.Option("--as", help="What it is, where that is not plain.")] = None,
    hide: Annotated[bool, typer.Option("--hide", help="Write a hash instead of the name.")] = False,
    copies: Annotated[bool, typer.Option("--copies", help="List near-copies that others hold, too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would cover, and write nothing.")] = False,
) -> None:
    """Add an entry to the removal list, and say what it covers of the corpus at hand."""
    from llmlab.corpus.removal import Removals, add_entries, check_entry  # noqa: PLC0415
    from llmlab.corpus.traces import covered, near_copies  # noqa: PLC0415

    project_params()
    kind = what.value if what else _guess(who)
    removals = Removals({kind: frozenset([check_entry(kind, who)])})
    raw, cleaned = list(covered(RAW, removals, "scrape")), list(covered(CLEAN, removals, "clean"))
    entries = [(kind, who), *(("id", each) for each in _raw_ids(kind, [document.id for document in raw], cleaned))]
    ids = {document.id for document in [*raw, *cleaned]}
    alike = near_copies(ids, CLUSTERS)
    if copies:
        entries += [("id", each) for each in alike]
    _report(kind, Counter(document.lang for document in raw or cleaned), len(alike), copies)
    if dry_run:
        print("nothing was written")
        return
    lines = add_entries(REMOVED, entries, hide=hide)
    print("\n".join(f"added to {REMOVED}: {line}" for line in lines) or f"{REMOVED} has it already")
    print("next: `dvc repro`, which builds everything after `scrape` without it, and commit the list")
    print("then `lab clean --all`: old builds lie in DVC's cache, downloads in .cache, states of runs in .scratch")
    print("not reached from here: commits and notes already made, DVC remotes (`dvc gc -c -w`), copies you gave away")


def _guess(who: str) -> str:
    """Sixteen hexadecimal digits are an id; a source, or a name with a stroke, a repository; all else an author."""
    from llmlab.corpus.catalog import load_catalog  # noqa: PLC0415

    if _ID.fullmatch(who):
        return "id"
    return "repository" if "/" in who or who in load_catalog() else "author"


def _raw_ids(kind: str, known: list[str], cleaned: list["Document"]) -> list[str]:
    """For a clean id, what its text was called before it was cleaned, so that it is not even in the raw files."""
    from llmlab.artifacts.params import load_section  # noqa: PLC0415
    from llmlab.corpus.clean import CleanConfig  # noqa: PLC0415
    from llmlab.corpus.traces import raw_ids  # noqa: PLC0415

    if kind != "id" or known or not cleaned:
        return []
    config = load_section(PARAMS, "clean", CleanConfig)
    found = [each for document in cleaned for each in raw_ids(document, RAW, config)]
    if not found:
        print(f"{RAW} keeps the file that it was cut from, which holds other documents too")
    return found


def _report(kind: str, found: Counter[str], alike: int, copies: bool) -> None:
    if not Path(RAW).is_dir():
        print("no corpus has been built here yet; the list holds for the first build too")
    elif not found:
        print(f"no document at hand has this {kind}; check its spelling, or the list is for sources to come")
    else:
        print(f"it covers {', '.join(f'{number} {lang}' for lang, number in sorted(found.items()))} documents")
    if alike and not copies:
        print(f"{alike} near-copies of them are known, under other names: `--copies` lists them too")
    elif copies and not alike:
        raise LabError("no near-copies are known", "run `dvc repro dedupe` first, or leave out `--copies`")

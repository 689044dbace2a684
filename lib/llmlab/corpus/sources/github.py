"""Repositories that a search on GitHub finds, each read from the archive of one pinned commit.

What the search came to is pinned (pins.py): repository, commit, licence, and a digest of the files, so that a second
run, here or elsewhere, reads the same or says what has changed.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from llmlab.artifacts.atomic import atomic_file
from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.archive import archive_commit, archive_files, open_archive
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.commit import chosen_paths, commit_documents
from llmlab.corpus.sources.github_search import archive_url, find_repositories, query_of, token_headers
from llmlab.corpus.sources.pins import Entry, read_pins, write_pins
from llmlab.corpus.web import get_page
from llmlab.smalltalk.formats.tree import Tree


def read(source: Source, context: ReadContext) -> Iterator[Document]:
    """Documents of the files that fit `glob` and not `exclude`, repository by repository, in the order of their paths.

    They are those that source kind `git` reads from the same commit, unless the repository keeps files out of archives
    (`export-ignore`). Without a `group` in the entry, the repository's name is the group. Where no file says another
    licence, it is the one that GitHub detected.

    Raises:
        LabError: the search or an archive fails, or an archive is not what was pinned.
    """
    query = query_of(source)
    entries = read_pins(source, context, query)
    pinned = entries is not None
    whole = []
    for entry in entries if entries is not None else find_repositories(source, context):
        with context.part(entry["repository"]):
            whole.append({**entry, "digest": _settle(entry, source, context)})
    if not pinned:
        write_pins(source, context, query, whole)
    for entry in whole:
        with context.part(entry["repository"]):
            yield from _documents(entry, source, context)


def _documents(entry: Entry, source: Source, context: ReadContext) -> Iterator[Document]:
    name = entry["repository"]
    own = replace(
        source, group=source.group or name, license=entry["license"], url=f"https://github.com/{name}", address=""
    )
    with open_archive(
        _archive(entry, source, context), name, context.limits.max_bytes, source.max_file_bytes
    ) as archive:
        if archive.links:
            context.skipped["symbolic link"] += archive.links
        sizes = {_inner(path): size for path, size in archive.sizes.items()}
        places = {_inner(path): path for path in archive.sizes}
        tree = Tree(sizes, lambda path: archive.load(places[path]))
        yield from commit_documents(tree, chosen_paths(tree, own), own, context)


def _settle(entry: Entry, source: Source, context: ReadContext) -> str:
    """The digest of an archive that is whole, of that commit, and what was pinned.

    Raises:
        LabError: it is not; a damaged file in the cache is fetched once more before that is said.
    """
    path = _archive_path(entry, context)
    cached = path.exists()
    try:
        digest = _digest(_archive(entry, source, context), entry, context)
    except LabError:
        path.unlink(missing_ok=True)
        if not cached:
            raise
        return _settle(entry, source, context)
    if entry.get("digest", digest) != digest:
        path.unlink()
        if cached:
            return _settle(entry, source, context)
        raise LabError(
            f"the files of {entry['repository']} at {entry['commit'][:12]} are not those that were pinned",
            "look at the repository, and only if you trust it delete the lock file to search anew",
        )
    return digest


def _digest(archive: Path, entry: Entry, context: ReadContext) -> str:
    """A hash of all files with their paths; not of the archive, which may be packed anew at any time."""
    files = archive_files(archive, entry["repository"], context.limits.max_bytes, 0)
    lines = [f"{_inner(file.path)}\0{file.sha256}\n" for file in files]
    commit = archive_commit(archive)
    if commit and commit != entry["commit"]:
        raise LabError(
            f"the archive of {entry['repository']} is of commit {commit[:12]}, asked for was {entry['commit'][:12]}",
            "run the command again; if it stays so, tell the repository's owner",
        )
    return hashlib.sha256("".join(sorted(lines)).encode("utf-8", "surrogatepass")).hexdigest()


def _inner(path: str) -> str:
    """The path in the repository: archives put everything into one folder named after the commit."""
    return path.partition("/")[2].encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _archive_path(entry: Entry, context: ReadContext) -> Path:
    return context.cache / "github" / f"{entry['repository'].replace('/', '+')}@{entry['commit']}.tar.gz"


def _archive(entry: Entry, source: Source, context: ReadContext) -> Path:
    path = _archive_path(entry, context)
    if not path.exists():
        page = get_page(
            archive_url(source, entry),
            context.limits,
            max_bytes=context.limits.max_bytes,
            secret=token_headers(source),
            before=context.pace.wait,
        )
        if page.status != 200:
            raise LabError(
                f"{entry['repository']} at {entry['commit'][:12]}: status {page.status}",
                "the repository may be gone: delete the lock file to search anew, or set `allow_partial`",
            )
        with atomic_file(path) as temporary:
            temporary.write_bytes(page.body)
    return path

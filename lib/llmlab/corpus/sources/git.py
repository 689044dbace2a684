"""Files of one commit of a git repository, read from the object store: no work tree, no hooks, no checkout filters.

The `git` program does the transport, so that credentials, proxies and `url.<base>.insteadOf` work as the user set
them up. What it fetches is not limited in size before it arrives; files are, one by one, when they are read.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.lock import exclusive
from llmlab.artifacts.manifest import hash_bytes
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.commit import chosen_paths, commit_documents
from llmlab.smalltalk.formats.tree import Tree

_REMOTE = re.compile(r"(?:https?|ssh|git|file)://|[\w.-]+@[\w.-]+:")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LINK, _SUBMODULE = "120000", "160000"


@dataclass(frozen=True)
class _Blob:
    sha: str
    size: int
    path: str


def read(source: Source, context: ReadContext) -> Iterator[Document]:
    """Documents of the files that fit `glob` and not `exclude`, in the order of their paths, as commit.py reads them.

    Symbolic links and submodules are left out and counted. Without a `group` in the entry, the source's name is the
    group.

    Raises:
        LabError: no such repository or commit, a remote address without a pinned commit, or no `git` program.
    """
    repository, commit = _locate(source, context)
    blobs = {blob.path: blob for blob in _list_blobs(repository, commit, context)}
    with _object_reader(repository) as load:
        tree = Tree({path: blob.size for path, blob in blobs.items()}, lambda path: load(blobs[path]))
        chosen = chosen_paths(tree, source)
        if not chosen:
            raise LabError(
                f"source {source.name}: no file of {source.address} at {commit[:12]} fits {source.glob or 'anything'}",
                f"correct `glob` or `exclude` of source {source.name}",
            )
        yield from commit_documents(tree, chosen, source, context)


def _locate(source: Source, context: ReadContext) -> tuple[Path, str]:
    """A repository that holds the commit, and the commit's full hash."""
    if source.address.startswith("-") or "::" in source.address:
        # `ext::` and other helpers run programs; a leading dash would be read as an option.
        raise LabError(f"source {source.name}: {source.address!r} is not a repository's address", "correct `address`")
    if not _REMOTE.match(source.address):
        repository = (context.root / source.address).resolve()
        if not repository.is_dir():
            raise LabError(f"source {source.name}: no repository at {source.address}", "correct its `address`")
        revision = source.commit or "HEAD"
        found = _git(repository, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"])
        if found is None:
            raise LabError(f"source {source.name}: {source.address} has no commit {revision}", "correct its `commit`")
        return repository, found.decode().strip()
    if not _COMMIT.fullmatch(source.commit):
        raise LabError(
            f"source {source.name}: a remote repository needs a pinned `commit`, found {source.commit!r}",
            f"run `git ls-remote {source.address}` and put a full commit hash into the entry",
        )
    return _fetch(source, context), source.commit


def _fetch(source: Source, context: ReadContext) -> Path:
    """A bare repository in the cache that holds the commit; the network is asked only when it does not yet."""
    name = hash_bytes(source.address.encode())[:16]
    repository = (context.cache / "git" / f"{name}.git").resolve()
    with exclusive(repository.with_suffix(".lock"), f"the download of {source.address}"):
        if not (repository / "HEAD").exists():
            repository.mkdir(parents=True, exist_ok=True)
            _git_or_fail(repository, ["init", "--bare", "--quiet"], source, context)
        if not _has_commit(repository, source.commit):
            quiet = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"]
            one = [*quiet, "--depth=1", "--", source.address, source.commit]
            # Some servers give out branch heads only: then everything comes.
            if _git(repository, one, context) is None:
                every = [*quiet, "--", source.address, "+refs/heads/*:refs/heads/*"]
                _git_or_fail(repository, every, source, context)
        if not _has_commit(repository, source.commit):
            raise LabError(
                f"source {source.name}: {source.address} has no commit {source.commit}", "correct its `commit`"
            )
    return repository


def _has_commit(repository: Path, commit: str) -> bool:
    # The whole tree, not only the commit: an interrupted fetch must not look finished.
    return _git(repository, ["rev-list", "--quiet", "--objects", "--max-count=1", commit]) is not None


def _list_blobs(repository: Path, commit: str, context: ReadContext) -> list[_Blob]:
    listing = _git(repository, ["ls-tree", "-r", "-l", "-z", "--full-tree", commit]) or b""
    blobs = []
    for entry in listing.split(b"\0")[:-1]:
        facts, _, raw_path = entry.partition(b"\t")
        mode, _, sha, size = facts.decode("ascii").split()
        if mode == _LINK:
            context.skipped["symbolic link"] += 1
        elif mode == _SUBMODULE:
            context.skipped["submodule"] += 1
        elif not size.isdigit():
            # A partial clone names objects that it does not hold.
            context.skipped["content not in the repository"] += 1
        else:
            blobs.append(_Blob(sha, int(size), raw_path.decode("utf-8", "replace")))
    return sorted(blobs, key=lambda blob: blob.path)


@contextmanager
def _object_reader(repository: Path) -> Iterator[Callable[[_Blob], bytes]]:
    """What reads blobs in any order, through one `git cat-file --batch`."""
    command = [*_command(repository), "cat-file", "--batch"]
    with subprocess.Popen(
        command, env=_environment(repository), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def load(blob: _Blob) -> bytes:
            stdin.write(f"{blob.sha}\n".encode())
            stdin.flush()
            header = stdout.readline().split()
            if len(header) != 3 or header[1] != b"blob":
                raise LabError(f"{repository} lacks the content of {blob.path}", f"delete {repository} and run again")
            data = stdout.read(int(header[2]))
            stdout.read(1)
            return data

        yield load
        stdin.close()


def _command(repository: Path) -> list[str]:
    safe = ["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "gc.auto=0"]
    # A repository that belongs to somebody else is read, never run: that is what this setting is about.
    return ["git", *safe, "-c", f"safe.directory={repository}", "-C", str(repository)]


def _environment(repository: Path) -> dict[str, str]:
    # Inside a git hook GIT_DIR points at another repository; the ceiling keeps git from finding one further up.
    inherited = {key: value for key, value in os.environ.items() if key not in ("GIT_DIR", "GIT_WORK_TREE")}
    return {**inherited, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_CEILING_DIRECTORIES": str(repository.parent)}


def _run(repository: Path, arguments: list[str], seconds: float | None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [*_command(repository), *arguments],
            env=_environment(repository),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError("the program `git` is not installed", "install git, or drop the git sources") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"git took more than {seconds} seconds", "run again, or raise `limits.total_seconds`") from error


def _git(repository: Path, arguments: list[str], context: ReadContext | None = None) -> bytes | None:
    """Standard output, or None when git fails."""
    result = _run(repository, arguments, context.limits.total_seconds if context else None)
    return result.stdout if result.returncode == 0 else None


def _git_or_fail(repository: Path, arguments: list[str], source: Source, context: ReadContext) -> None:
    result = _run(repository, arguments, context.limits.total_seconds)
    if result.returncode != 0:
        said = result.stderr.decode("utf-8", "replace").strip().splitlines()
        raise LabError(
            f"source {source.name}: git could not fetch {source.address}: {said[-1] if said else 'no reason given'}",
            "check the address and your connection; a local copy can stand in with git's own `url.<base>.insteadOf`",
        )

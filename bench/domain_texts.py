"""A piece of `domain_tokens.py`: Smalltalk texts of clones, as they lie there or as the pipeline renders them.

Raw is every file of its own, with its licence banner off. Rendered is what a model of the lab reads: the classes that
`clean` makes of the same files, one a document, methods that do not parse left out.
"""

import json
import random
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from llmlab.artifacts.errors import LabError
from llmlab.corpus.catalog import resolve_source
from llmlab.corpus.clean import CleanConfig, clean
from llmlab.corpus.code_rules import CodeRules, find_code_fault, literal_share
from llmlab.corpus.licences import LicenceConfig
from llmlab.corpus.normalize import normalize_text, strip_boilerplate
from llmlab.corpus.outcome import Kept
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.globs import matches
from llmlab.corpus.sources.smalltalk import tree_documents
from llmlab.smalltalk.formats.tree import Tree, units_of

ENDINGS = (".st", ".cls", ".pax", ".gs", ".tpz")
# In bytes; what is larger is an image, a font or a table.
LARGEST = 100_000
# A line of more characters than this says where a text is from; with this share of such lines it is a copy.
TELLING = 40
COPIED = 0.3


@dataclass(frozen=True)
class Clone:
    """A repository: `OWNER+NAME` under `copies` at its HEAD, or a name of the catalogue at its commit and glob."""

    name: str
    copies: Path

    @cached_property
    def source(self) -> Source:
        if "+" in self.name:
            return Source(name=self.name, kind="git", lang="smalltalk", document="code", license="", group=self.name)
        return resolve_source(self.name)

    @property
    def folder(self) -> Path:
        own = self.source.address.removeprefix("https://github.com/").removesuffix(".git").replace("/", "+")
        return self.copies / (own or self.name)

    @cached_property
    def git(self) -> list[str]:
        for folder in (self.folder / "repo", self.folder / "repo/.git", self.folder / ".git", self.folder):
            if (folder / "objects").is_dir():
                return ["git", f"--git-dir={folder}"]
        raise LabError(
            f"{self.folder} is no clone",
            f"git clone --bare https://github.com/{self.folder.name.replace('+', '/')} {self.folder}",
        )

    @cached_property
    def blobs(self) -> dict[str, tuple[str, int]]:
        """Path to hash and size of every file."""
        told = subprocess.run(
            [*self.git, "ls-tree", "-r", "-l", "-z", self.source.commit or "HEAD"], capture_output=True, check=True
        ).stdout
        found: dict[str, tuple[str, int]] = {}
        for entry in told.split(b"\0")[:-1]:
            facts, _, path = entry.decode("utf-8", "replace").partition("\t")
            mode, _, sha, size = facts.split()
            if size.isdigit() and mode != "120000":
                found[path] = sha, int(size)
        return found

    def chosen(self, most: int) -> list[str]:
        """Smalltalk files, class folders whole, in a shuffled order until there are `most` bytes; then by path."""
        fitting = [
            path
            for path, (_, size) in sorted(self.blobs.items())
            if size < LARGEST and path.endswith(ENDINGS) and matches(path, self.source.glob, self.source.exclude)
        ]
        units = list(units_of(fitting))
        random.Random(self.name).shuffle(units)
        paths: list[str] = []
        total = 0
        for unit in units:
            size = sum(self.blobs[path][1] for path in unit.files)
            if total < most and size < 3 * LARGEST:
                paths += unit.files
                total += size
        return sorted(paths)

    def load(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Contents of files; one whose object is not here is left out."""
        asked = "".join(f"{self.blobs[path][0]}\n" for path in paths).encode()
        given = subprocess.run([*self.git, "cat-file", "--batch"], input=asked, capture_output=True, check=False).stdout
        found: dict[str, bytes] = {}
        place = 0
        for path in paths:
            end = given.index(b"\n", place)
            head = given[place:end].split()
            size = -1 if head[-1] == b"missing" else int(head[2])
            if size >= 0:
                found[path] = given[end + 1 : end + 1 + size]
            place = end + 2 + size
        return found


def read_texts(name: str, copies: Path, most: int, *, rendered: bool, kept: Path | None = None) -> list[str]:
    """Texts of a clone, of at most about `most` bytes; with `kept`, a folder, they are read from there next time."""
    own = kept / f"{name}.{most}.{'rendered' if rendered else 'raw'}.json" if kept else None
    if own and own.is_file():
        found: list[str] = json.loads(own.read_text("utf-8"))
        return found
    clone = Clone(name, copies)
    texts = list(dict.fromkeys(text for text in (rendered_texts if rendered else raw_texts)(clone, most) if text))
    if own:
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(json.dumps(texts), "utf-8")
    return texts


def raw_texts(clone: Clone, most: int) -> Iterator[str]:
    for data in clone.load(clone.chosen(most)).values():
        yield strip_boilerplate(normalize_text(decoded(data)), "code")


def is_code(text: str) -> bool:
    """Whether `clean` would let a raw text pass: nothing that a program wrote, no picture or table of literals."""
    rules = CodeRules()
    data = len(text) >= rules.literal_chars and literal_share(text) > rules.max_literal_share
    return not data and find_code_fault(text, rules) is None


def rendered_texts(clone: Clone, most: int) -> Iterator[str]:
    paths = clone.chosen(most)
    folders = {unit.path for unit in units_of(paths) if unit.place is not None}
    beside = [path for path in clone.blobs if path.endswith((".json", "README.md")) and belongs(path, folders)]
    files = clone.load([*paths, *beside])
    tree = Tree({path: len(data) for path, data in files.items()}, files.__getitem__)
    context = ReadContext(lang="smalltalk", cache=clone.copies)
    present = [path for path in paths if path in files]
    # Nobody is given these texts, so licences do not matter; secrets cost time.
    config = CleanConfig(secrets=False, licences=LicenceConfig(policy="any"))
    for outcome in clean(tree_documents(tree, present, clone.source, context), config):
        if isinstance(outcome, Kept) and len(outcome.document.text) < LARGEST:
            yield outcome.document.text


def belongs(path: str, folders: set[str]) -> bool:
    """Whether a file is the settings of one of the class folders, or of a package."""
    return path.rpartition("/")[0] in folders or path.endswith(("/properties.json", ".filetree"))


def decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def without_copies(learned: Mapping[str, Sequence[str]], measured: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """What may be learned: no text twice, and none that shares many telling lines with a text to be measured."""
    held_out = {line for texts in measured.values() for text in texts for line in telling(text)}
    seen: set[str] = set()
    left: dict[str, list[str]] = {}
    for name, texts in learned.items():
        left[name] = []
        for text in texts:
            lines = telling(text)
            if text not in seen and sum(line in held_out for line in lines) <= COPIED * len(lines):
                seen.add(text)
                left[name].append(text)
    return left


def telling(text: str) -> list[str]:
    return [line for line in map(str.strip, text.splitlines()) if len(line) > TELLING]

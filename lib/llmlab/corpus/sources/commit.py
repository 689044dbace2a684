"""The files of one commit to documents, the same whether they come from a repository or from an archive of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from llmlab.artifacts.documents import Document
from llmlab.corpus.licences import is_licence_file, licence_for, licences_in
from llmlab.corpus.sources import smalltalk
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.files import file_documents
from llmlab.corpus.sources.globs import matches
from llmlab.smalltalk.formats.tree import Tree


def chosen_paths(tree: Tree, source: Source) -> list[str]:
    """The files that fit `glob` and not `exclude`, of any size, in the order of their paths."""
    return [path for path in sorted(tree.sizes) if matches(path, source.glob, source.exclude)]


def commit_documents(tree: Tree, chosen: Sequence[str], source: Source, context: ReadContext) -> Iterator[Document]:
    """Documents of the `chosen` files, in their order; `tree` is the whole commit.

    Binary files, files over `max_file_bytes` and files that do not decode are left out and counted; Smalltalk sources
    are read by their own formats and encodings. A file's licence is the one it names itself, else that of the nearest
    licence file above it, else the entry's.
    """
    small = Tree({path: size for path, size in tree.sizes.items() if size <= source.max_file_bytes}, tree.load)
    readable = [path for path in chosen if path in small.sizes]
    if len(chosen) > len(readable):
        context.skipped["file too large"] += len(chosen) - len(readable)
    stated = [path for path in sorted(small.sizes) if is_licence_file(path)]
    licences = licences_in({path: tree.load(path).decode(errors="replace") for path in stated})
    if smalltalk.is_smalltalk(source, context):
        yield from _read_smalltalk(small, readable, licences, source, context)
        return
    for path in readable:
        data = tree.load(path)
        licence = licence_for(path, licences, data[:2000].decode(errors="replace")) or source.license
        yield from file_documents(data, path, replace(source, license=licence), context)


def _read_smalltalk(
    tree: Tree, chosen: Sequence[str], licences: Mapping[str, str], source: Source, context: ReadContext
) -> Iterator[Document]:
    """By their formats; the whole tree is there for what belongs to a chosen file, as a class folder's settings."""
    for document in smalltalk.tree_documents(tree, chosen, source, context):
        licence = licence_for(document.path, licences, document.text[:2000])
        yield replace(document, license=licence) if licence else document

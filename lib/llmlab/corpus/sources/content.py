"""Bytes to documents: decoding, cutting, and the row shapes of JSON Lines. Shared by every kind of source."""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from llmlab.artifacts.byte_order import marked_encoding
from llmlab.artifacts.documents import Document, document_id, make_document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.dialogue import messages_to_text
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.cutting import cut, lines_of
from llmlab.corpus.sources.stream import byte_pieces, decoded


def documents_in(data: bytes, path: str, source: Source, context: ReadContext) -> Iterator[Document]:
    """The documents of one file; `path` is its place inside the source and stands in the documents.

    Raises:
        LabError: not decodable, or (JSON Lines) a line that is not a JSON object or lacks what the entry promises.
    """
    yield from _documents(iter([decode(data, source.encoding, f"{source.name}: {path}")]), path, source, context)


def stream_documents(
    file: Path, path: str, source: Source, context: ReadContext, *, packed: bool
) -> Iterator[Document]:
    """As `documents_in`, from a file on disk, of which one document and a little text are in memory.

    It is read twice, since a file that does not decode to its end has no documents.
    """
    where = f"{source.name}: {path}"

    def pieces() -> Iterator[bytes]:
        with file.open("rb") as plain:
            yield from byte_pieces(plain, context.limits.max_bytes, where, packed=packed)

    encoding = marked_encoding(next(pieces(), b"")) or source.encoding
    for _ in decoded(pieces(), encoding, where):
        pass
    yield from _documents(decoded(pieces(), encoding, where), path, source, context)


def _documents(texts: Iterator[str], path: str, source: Source, context: ReadContext) -> Iterator[Document]:
    if source.format == "jsonl":
        yield from _row_documents(texts, path, source, context)
    else:
        yield from _text_documents(texts, path, source, context)


def text_documents(text: str, path: str, source: Source, context: ReadContext) -> Iterator[Document]:
    """The documents of one text: cut as the source says, empty ones counted and left out."""
    yield from _text_documents(iter([text]), path, source, context)


def _text_documents(texts: Iterator[str], path: str, source: Source, context: ReadContext) -> Iterator[Document]:
    for piece in cut(texts, source.split, source.block_chars):
        if piece.strip():
            yield _document(piece, path, source, context, {})
        else:
            context.skipped["empty"] += 1


def decode(data: bytes, encoding: str, where: str) -> str:
    """Text from bytes: by byte order mark, else in the declared encoding; never by guessing.

    Raises:
        LabError: an unknown encoding, or bytes that are not text in it; names the offset.
    """
    return "".join(decoded([data], marked_encoding(data) or encoding, where))


def is_binary(data: bytes) -> bool:
    """Git's own rule: a NUL among the first 8,000 bytes; a marked UTF-16 or UTF-32 text is not binary."""
    return b"\0" in data[:8000] and marked_encoding(data) is None


def gunzip(data: bytes, limit: int, where: str) -> bytes:
    """Unpack gzip, at most `limit` bytes of it; errors as in `byte_pieces`."""
    return b"".join(byte_pieces(io.BytesIO(data), limit, where, packed=True))


def _row_documents(texts: Iterator[str], path: str, source: Source, context: ReadContext) -> Iterator[Document]:
    # JSON strings may hold U+2028 and its kin unescaped.
    for number, line in enumerate(lines_of(texts), start=1):
        if not line.strip():
            continue
        where = f"{source.name}: {path}:{number}"
        try:
            row = json.loads(line.removesuffix("\n"))
        except json.JSONDecodeError as error:
            raise LabError(f"{where} is not JSON: {error}", "mend or delete that line") from error
        if not isinstance(row, dict):
            raise LabError(f"{where} is {type(row).__name__}, not a JSON object", "write one object per line")
        yield from row_documents(row, where, path, source, context)


def row_documents(
    row: Mapping[str, Any], where: str, path: str, source: Source, context: ReadContext
) -> Iterator[Document]:
    """The document of one row, or none and a count; `where` names the row in errors.

    Raises:
        LabError: the row lacks what the entry promises.
    """
    try:
        body = _row_text(row, source, where)
    except ValueError as error:
        if isinstance(error, LabError):
            raise
        context.skipped[f"unusable row: {error}"] += 1
        return
    yield _document(_whole_characters(body), path, source, context, row)


def _row_text(row: Mapping[str, Any], source: Source, where: str) -> str:
    """Raises ValueError, with a short reason, for a row whose content is empty; LabError for one of another shape."""
    if source.document != "dialogue":
        body = row.get(source.text_field)
        if not isinstance(body, str):
            raise LabError(
                f"{where} has no text in `{source.text_field}` (keys: {', '.join(map(str, row))})",
                f"set `text_field` of source {source.name} to the right key",
            )
        if not body.strip():
            raise ValueError("empty")
        return body
    return messages_to_text(_messages(row, where))


def _messages(row: Mapping[str, Any], where: str) -> list[Mapping[str, str]]:
    """The three shapes in use: `messages`, `instruction`/`input`/`output`, and self-instruct's `instances`."""
    messages = row.get("messages")
    if isinstance(messages, list) and all(isinstance(message, dict) for message in messages):
        return messages
    answer: Mapping[str, Any] = row
    instances = row.get("instances")
    if isinstance(instances, list) and instances and isinstance(instances[0], dict):
        answer = instances[0]
    if not isinstance(row.get("instruction"), str) or not isinstance(answer.get("output"), str):
        raise LabError(
            f"{where} is no conversation (keys: {', '.join(map(str, row))})",
            "a dialogue row has `messages`, or `instruction` and `output`",
        )
    parts = [row["instruction"], answer.get("input") or ""]
    question = "\n\n".join(part.strip() for part in parts if isinstance(part, str) and part.strip())
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer["output"].strip()}]


def _whole_characters(text: str) -> str:
    """Half a surrogate pair, which JSON can spell and UTF-8 cannot hold, becomes U+FFFD; whole pairs are joined."""
    if text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _document(text: str, path: str, source: Source, context: ReadContext, row: Mapping[str, Any]) -> Document:
    licence = row.get(source.license_field) if source.license_field else None
    # A file's name need not be text.
    path = _whole_characters(path)
    return make_document(
        lang=context.lang,
        kind=source.document,
        text=text,
        source=source.name,
        group=_group(text, path, source, context, row),
        meta=source.meta,
        path=path,
        url=source.url or source.address,
        license=licence if isinstance(licence, str) and licence else source.license,
    )


def _group(text: str, path: str, source: Source, context: ReadContext, row: Mapping[str, Any]) -> str:
    whole = source.group or source.name
    if source.group_by == "folder":
        return PurePosixPath(path).parent.name or whole
    if source.group_by == "file":
        return f"{whole}/{path}"
    if source.group_by == "row":
        # By content, so that a row's set does not depend on which rows stand before it.
        return f"{whole}/{document_id(context.lang, text)}"
    if source.group_by == "field":
        value = str(row.get(source.group_field) or whole)
        return value.split(source.group_cut, maxsplit=1)[0].strip() if source.group_cut else value
    if source.group_by == "line":
        lines = text.split("\n")
        return f"{whole}/{lines[source.group_line - 1].strip()}" if len(lines) >= source.group_line else whole
    return whole

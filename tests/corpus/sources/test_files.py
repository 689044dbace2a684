from dataclasses import replace

from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.files import file_documents

SOURCE = Source(name="s", kind="github", document="code", license="MIT")


def test_what_is_no_text_is_counted(context: ReadContext) -> None:
    files = {"a.st": "été".encode(), "b.st": b"\x00\x01", "c.st": "été".encode("latin-1"), "d.st": b" "}
    found = [d for path, data in files.items() for d in file_documents(data, path, SOURCE, context)]
    assert [(d.path, d.text) for d in found] == [("a.st", "été")]
    assert context.skipped == {"binary file": 1, "not utf-8 text": 1, "empty": 1}
    latin = replace(SOURCE, encoding="latin-1")
    assert [d.text for d in file_documents("été".encode("latin-1"), "c.st", latin, context)] == ["été"]

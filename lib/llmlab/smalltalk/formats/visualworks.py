"""VisualWorks' XML: `<st-source>` with classes, comments and lists of methods."""

import re
from xml.parsers import expat

from llmlab.smalltalk.formats.reading import Gathering, Reading, RefusedError
from llmlab.smalltalk.records import ClassRecord, Side

_DECLARATION = re.compile(r"\A\s*+<\?xml[^?>]*+\?>")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
# `<st-source><methods><body>`: what is deeper is nothing of VisualWorks.
MAX_DEPTH = 12
SIGN = re.compile(r"\A\s*+(?:<\?xml[^?>]*+\?>\s*+)?(?:<!--(?:[^-]|-(?!->))*+-->\s*+)*+<st-source\b")


def read_visualworks(text: str) -> Reading:
    """The classes of an `<st-source>`; what stands before a fault in the XML is kept.

    Raises:
        RefusedError: entities or a document type, which no export has, or nesting beyond reason.
    """
    reader = _XmlReader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    clean = _FORBIDDEN.sub("", _DECLARATION.sub("", text, count=1))
    try:
        parser.Parse(clean.encode(), True)
    except expat.ExpatError as error:
        reader.gathering.skipped[f"broken XML: {expat.ErrorString(error.code)}"] += 1
    return reader.gathering.reading("visualworks xml", "visualworks", reader.package)


def _refuse_doctype(*_: object) -> None:
    raise RefusedError("XML with a document type")


class _XmlReader:
    """Collects the texts of one unit (`class`, `methods`, ...) by their tags, and takes it when it closes."""

    def __init__(self) -> None:
        self.gathering = Gathering()
        self.package = ""
        self._path: list[str] = []
        self._texts: dict[str, str] = {}
        self._pieces: list[str] = []
        self._names: dict[str, str] = {}

    def start(self, tag: str, _: dict[str, str]) -> None:
        """A tag opens."""
        self._path.append(tag)
        self._pieces = []
        if len(self._path) == 2:
            self._texts = {}
        if len(self._path) > MAX_DEPTH:
            raise RefusedError("XML nested too deep")

    def data(self, text: str) -> None:
        """Text inside a tag."""
        self._pieces.append(text)

    def end(self, tag: str) -> None:
        """A tag closes."""
        text = "".join(self._pieces)
        self._pieces = []
        unit = self._path[1] if len(self._path) > 1 else ""
        if len(self._path) > 2:
            self._texts[tag] = text
            if unit == "methods" and tag == "body":
                self._method(text)
        elif len(self._path) == 2:
            self._unit(unit)
        self._path.pop()

    def _unit(self, unit: str) -> None:
        texts = self._texts
        if unit == "class" and texts.get("name"):
            self._class()
        elif unit == "comment" and texts.get("class-id"):
            self.gathering.change(self._known(texts["class-id"]), comment=texts.get("body", "").strip())
        elif unit == "shared-variable" and texts.get("name"):
            self._shared()
        elif unit in ("do-it", "initialize", "namespace"):
            self.gathering.skipped[unit] += 1

    def _class(self) -> None:
        texts = self._texts
        name, environment = texts["name"].strip(), texts.get("environment", "").strip()
        self._names[f"{environment}.{name}"] = name
        superclass = texts.get("super", "").strip()
        self.gathering.define(
            ClassRecord(
                name,
                "" if superclass == "nil" else superclass,
                tuple(texts.get("inst-vars", "").split()),
                (),
                tuple(texts.get("class-inst-vars", "").split()),
                texts.get("category", "").strip(),
            )
        )
        self.package = self.package or texts.get("package", "").strip()

    def _shared(self) -> None:
        owner = self._known(self._texts.get("environment", "").strip())
        record = self.gathering.known(owner)
        if record is not None:
            names = (*record.class_variables, self._texts["name"].strip())
            self.gathering.change(owner, class_variables=names)

    def _method(self, source: str) -> None:
        owner = self._texts.get("class-id", "").strip()
        if not owner:
            return
        side: Side = "class" if owner.endswith(" class") else "instance"
        name = self._known(owner.removesuffix(" class").strip())
        self.gathering.add(name, side, self._texts.get("category", "").strip(), source)

    def _known(self, path: str) -> str:
        """The short name of a class of this file; any other keeps its path, which may be all that tells it apart."""
        path = path.strip()
        return self._names.get(path, path)

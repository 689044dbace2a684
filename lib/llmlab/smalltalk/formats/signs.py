"""Which system wrote a chunk file, told by what only that system writes."""

import re

_HEAD = 40_000
# In this order: the first that is found decides.
_CHUNK_SIGNS = (
    (
        "dolphin",
        re.compile(
            r"^\"Filed out from Dolphin|^package := Package name:|package paxVersion:"
            r"|categoriesFor(?:Methods|Class)!|^!.* categoriesFor: #| guid: \((?:Core\.)?GUID fromString:",
            re.MULTILINE,
        ),
    ),
    ("cuis", re.compile(r"^'From Cuis|^!classDefinition:|^!provides:", re.MULTILINE)),
    ("pharo", re.compile(r"^'From Pharo", re.MULTILINE)),
    ("squeak", re.compile(r"^'From (?:Squeak|Croquet|etoys)", re.MULTILINE | re.IGNORECASE)),
    ("st80", re.compile(r"^'From (?:Smalltalk-80|Xerox|ParcPlace|Objectworks)", re.MULTILINE)),
    ("visualworks", re.compile(r"^'From VisualWorks", re.MULTILINE)),
    (
        "amber",
        re.compile(
            r"^Smalltalk (?:current )?createPackage:|subclass: #\w+\s+instanceVariableNames: '[^'\n]*'\s+package: '",
            re.MULTILINE,
        ),
    ),
    ("stx", re.compile(r"\{ *(?:Package|NameSpace|Encoding): |\bmethodsFor:'|subclass:#\w+\s+instanceVariableNames:'")),
    (
        "vast",
        re.compile(
            r"^!\w+(?: class)? (?:public|private)Methods ?!|becomeDefault *!|^Application create:"
            r"|^\"\$COMPATIBLE-DECLARATIONS-START\$\"",
            re.MULTILINE,
        ),
    ),
    ("pharo", re.compile(r"^\tpackage: '[^'\n]*'!", re.MULTILINE)),
    ("squeak", re.compile(r"^!\w+ commentStamp: '|^\]style\[", re.MULTILINE)),
    ("squeak", re.compile(r"\bmethodsFor: '[^'\n]*' stamp: '")),
    ("st80", re.compile(r"\b\w+ _ (?:self|super|nil|true|false|\w+ new|\d|\[|#|')")),
)
_GNU_SIGNS = re.compile(
    r"GNU Smalltalk|Free Software Foundation|^\"=======|category: nil *!|\bprintNl\b|\bdisplayNl\b|"
    r"^FileStream fileIn:|^PackageLoader ",
    re.MULTILINE,
)
_READER = re.compile(r"^\s*!\s*[\w.:]+(?: class)?\s+methodsFor", re.MULTILINE)


def chunk_dialect(text: str) -> str:
    """The dialect of a chunk file; `unknown` when nothing in it gives it away."""
    head = text[:_HEAD]
    return next((dialect for dialect, sign in _CHUNK_SIGNS if sign.search(head)), "unknown")


def is_gnu_bang(text: str, dialect: str) -> bool:
    """Whether a chunk file that looks like `dialect` is one of old GNU Smalltalk, which doubles no bang in a string."""
    head = text[:_HEAD]
    if dialect not in ("unknown", "st80"):
        return False
    return _GNU_SIGNS.search(head) is not None and _READER.search(head) is not None

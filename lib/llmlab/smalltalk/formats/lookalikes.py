"""Files that share an extension with Smalltalk and are something else, each with a name to refuse it by."""

import re

_HEAD = 20_000
_SIGNS = (
    ("shell script", re.compile(r"\A#!")),
    ("structured text", re.compile(r"\bEND_(?:VAR|PROGRAM|FUNCTION|FUNCTION_BLOCK|IF|TYPE|CASE|FOR)\b")),
    ("StringTemplate", re.compile(r"^(?:delimiters\s+\"|group\s+\w+\s*;)|^\w+\([^()\n]*\)\s*::=", re.MULTILINE)),
    ("Gettext", re.compile(r"^msgid\s+\"", re.MULTILINE)),
    ("Visual Basic", re.compile(r"^(?:VERSION \d\.\d CLASS|Attribute VB_\w+\s*=|Option Explicit)\b", re.MULTILINE)),
    ("TeX", re.compile(r"^[^%\n]*\\(?:NeedsTeXFormat|ProvidesClass|documentclass|LoadClass|RequirePackage)\b", re.M)),
    ("C", re.compile(r"^[ \t]*#[ \t]*(?:include\s+[<\"]|define\s+\w+|ifndef\s+\w+|pragma\s+\w+)", re.MULTILINE)),
    ("Java", re.compile(r"^[ \t]*(?:package\s+[\w.]+\s*;|import\s+(?:static\s+)?[\w.*]+\s*;)", re.MULTILINE)),
    (
        "Apex",
        re.compile(r"^[ \t]*(?:global|public|private)\s+(?:virtual\s+|abstract\s+)?(?:with|without)\s+sharing\b", re.M),
    ),
    (
        "C#",
        re.compile(
            r"^[ \t]*(?:using\s+[\w.]+\s*;|namespace\s+[\w.]+\s*[{;]|(?:public|internal)\s+.*\bclass\s+\w+)", re.M
        ),
    ),
    ("HTML", re.compile(r"\A\s*<(?:!doctype\s+html|html|head|body)\b|\{%\s*[\w']", re.IGNORECASE)),
    ("XML", re.compile(r"\A\s*<\?xml\b|\A\s*<!--")),
    ("JSON", re.compile(r"\A\s*(?:\{\s*\"|\[\s*[\[{\"])")),
)
_PROSE = (".md", ".html", ".htm", ".rst", ".tex", ".txt.gz")


def lookalike(text: str) -> str:
    """What a text that is no Smalltalk seems to be; empty when nothing tells."""
    head = text[:_HEAD]
    return next((name for name, sign in _SIGNS if sign.search(head)), "")


def is_prose(path: str) -> bool:
    """Whether a path is that of documentation, where Smalltalk only stands as an example."""
    return path.lower().endswith(_PROSE)

"""Licences: what a statement or a licence file amounts to, and which texts a policy lets in.

Licence files are known by sentences that no other licence has, from a small table. A file with many more words than
its licences have is marked `LicenseRef-other-terms`, since what was added may forbid what the licence allows. No
lawyer wrote this: it sorts, it does not advise.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError

Class = Literal["free", "permissive", "copyleft", "noncommercial", "restricted", "unknown"]
OTHER_TERMS = "LicenseRef-other-terms"
OWN = "LicenseRef-own"
PUBLIC_DOMAIN = "LicenseRef-public-domain"
# An expression in brackets, and what stands for it once its class is known. `(MIT)` after a name is no expression.
_BRACKETS = re.compile(r"\(([^()]*\s(?:OR|AND)\s[^()]*)\)")
_READ = "LicenseRef-class-"

# From what asks nothing to what is not known; of two parts of a statement the later one counts.
_ORDER: tuple[Class, ...] = ("free", "permissive", "copyleft", "noncommercial", "restricted", "unknown")
_POLICIES: Mapping[str, int] = {"permissive": 1, "copyleft": 2, "noncommercial": 3, "any": 5}


@dataclass(frozen=True, kw_only=True)
class LicenceConfig:
    """Which licences a document may have."""

    policy: Literal["permissive", "copyleft", "noncommercial", "any"] = "permissive"
    """The furthest class let in: public domain and permissive licences (MIT, BSD, Apache, CC BY …) and texts of
    one's own; with share-alike and copyleft (CC BY-SA, GPL …); with non-commercial ones; or all, unknown ones too."""
    allow: list[str] = field(default_factory=list)
    """SPDX names let in whatever their class, such as `CC-BY-SA-4.0`; or a whole statement, word by word."""
    deny: list[str] = field(default_factory=list)
    """SPDX names, or whole statements, kept out whatever their class; goes before `allow`."""

    def __post_init__(self) -> None:
        both = sorted(set(self.allow) & set(self.deny))
        if both:
            raise LabError(f"licence {both[0]} is both allowed and denied", "delete it from one of the lists")


def find_licence_fault(document: Document, config: LicenceConfig) -> str | None:
    """The reason to leave a document out because of its licence, or None."""
    names = set(spdx_names(document.license)) | {document.license}
    if names & set(config.deny):
        return "licence denied"
    if names & set(config.allow):
        return None
    found = class_of(document.license)
    return None if _ORDER.index(found) <= _POLICIES[config.policy] else f"licence {found}"


def class_of(statement: str) -> Class:
    """The class of a licence statement: that of its strictest part, but of alternatives (`A OR B`) the loosest.

    An expression of SPDX names is read as SPDX does: from its brackets outwards, and AND before OR.
    """
    while (inner := _BRACKETS.search(statement)) is not None:
        statement = statement.replace(inner[0], f" {_READ}{class_of(inner[1])} ")
    parts = re.split(r"\s+OR\s+", statement)
    return min((_strictest(part) for part in parts), key=_ORDER.index)


def _strictest(statement: str) -> Class:
    return max((_class_of_part(part) for part in re.split(r"\s+AND\s+", statement)), key=_ORDER.index)


def _class_of_part(part: str) -> Class:
    """Unknown where it names nothing that is known: what stands beside a known licence may forbid anything."""
    named = [_class_of_name(name) for name in spdx_names(part)]
    read = [each for each in _ORDER if re.search(rf"{_READ}{each}\b", part)]
    return max([*named, *read], key=_ORDER.index, default="unknown")


def spdx_names(statement: str) -> list[str]:
    """The licences that a statement names, as SPDX writes them, in the order of the table; empty if none is known."""
    if _OWN.match(statement):
        return [OWN]
    rest, found = statement, []
    for pattern, name in _NAMES:
        rest, times = pattern.subn(" ", rest)
        if times:
            found.append(name)
    return found


def normal_name(statement: str) -> str:
    """A short form for counting: the SPDX names joined by AND, or `unknown`."""
    return " AND ".join(spdx_names(statement)) or "unknown"


_OWN = re.compile(r"\s*(?:mine\b|my own|own\b|private\b|自己|本人)", re.IGNORECASE)
# In order: a longer name is taken out of the statement before a shorter one that is part of it is looked for.
_NAMES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"\ball rights reserved\b|\bproprietary\b|\bno licen[cs]e\b|版权所有", "LicenseRef-proprietary"),
        (r"\bCC[ -]BY[ -]NC[ -]ND(?:[ -]\d\.\d)?", "CC-BY-NC-ND"),
        (r"\bCC[ -]BY[ -]NC[ -]SA(?:[ -]\d\.\d)?", "CC-BY-NC-SA"),
        (r"\bCC[ -]BY[ -]NC(?:[ -]\d\.\d)?|\bnon-?commercial\b", "CC-BY-NC"),
        (r"\bCC[ -]BY[ -]ND(?:[ -]\d\.\d)?", "CC-BY-ND"),
        (r"\bCC[ -]BY[ -]SA(?:[ -]\d\.\d(?:/\d\.\d)?)?", "CC-BY-SA"),
        (r"\bCC[ -]BY(?:[ -]\d\.\d)?", "CC-BY"),
        (r"\bCC0(?:[ -]1\.0)?", "CC0-1.0"),
        (r"\bCDLA-Sharing(?:-\d\.\d)?", "CDLA-Sharing-1.0"),
        (r"\bCDLA-Permissive(?:-\d\.\d)?", "CDLA-Permissive-2.0"),
        (r"\bODC-By(?:[ -]\d\.\d)?", "ODC-By-1.0"),
        (r"\bODbL(?:[ -]\d\.\d)?", "ODbL-1.0"),
        (r"\bPDDL(?:[ -]\d\.\d)?", "PDDL-1.0"),
        (r"\bAGPL[ -]?v?-?[\d.]*(?:-only|-or-later)?\+?|\bgnu affero general public", "AGPL"),
        (r"\bLGPL[ -]?v?-?[\d.]*(?:-only|-or-later)?\+?|\bgnu lesser general public", "LGPL"),
        (r"\bGPL[ -]?v?-?[\d.]*(?:-only|-or-later)?\+?|\bgnu general public", "GPL"),
        (r"\bGFDL(?:[ -][\d.]+)?(?:-only|-or-later)?", "GFDL"),
        (r"\bMPL[ -]?[\d.]*", "MPL"),
        (r"\bEPL[ -]?[\d.]*", "EPL"),
        (r"\bEUPL[ -]?[\d.]*", "EUPL"),
        (r"\bApache(?: licen[cs]e)?,?(?: version)?[ -]?2(?:\.0)?", "Apache-2.0"),
        (r"\bBSD[ -](?:[234][ -]Clause|Source-Code|Licen[cs]e)\b|\b(?:simplified|new|modified) BSD\b", "BSD-3-Clause"),
        (r"\bMIT(?:-0)?\b", "MIT"),
        (r"\bISC\b", "ISC"),
        (r"\bZlib\b", "Zlib"),
        (r"\b0BSD\b", "0BSD"),
        (r"\bBSL-1\.0\b|\bBoost Software Licen[cs]e\b", "BSL-1.0"),
        (r"\bUnlicense\b", "Unlicense"),
        (r"\bWTFPL\b", "WTFPL"),
        (r"\bPSF-2\.0\b|\bPython-2\.0\b", "PSF-2.0"),
        (r"\bOFL-1\.1\b", "OFL-1.1"),
        (r"\bSqueakL\b|\bSqueak Licen[cs]e\b", "LicenseRef-SqueakL"),
        (r"\bpublic domain\b|公有领域", PUBLIC_DOMAIN),
        (r"\bLicenseRef-other-terms\b", OTHER_TERMS),
    )
)
_CLASSES: Mapping[str, Class] = {
    **dict.fromkeys((OWN, PUBLIC_DOMAIN, "CC0-1.0", "0BSD", "Unlicense", "WTFPL", "PDDL-1.0"), "free"),
    **dict.fromkeys(
        "MIT BSD-3-Clause Apache-2.0 ISC Zlib BSL-1.0 PSF-2.0 CC-BY ODC-By-1.0 CDLA-Permissive-2.0".split(),
        "permissive",
    ),
    **dict.fromkeys(
        "GPL LGPL AGPL MPL EPL EUPL GFDL OFL-1.1 CC-BY-SA CDLA-Sharing-1.0 ODbL-1.0".split(), "copyleft"
    ),
    **dict.fromkeys(("CC-BY-NC", "CC-BY-NC-SA"), "noncommercial"),
    **dict.fromkeys(("CC-BY-ND", "CC-BY-NC-ND", "LicenseRef-proprietary", "LicenseRef-SqueakL"), "restricted"),
}  # fmt: skip


def _class_of_name(name: str) -> Class:
    return _CLASSES.get(name, "unknown")


# -- licence files


@dataclass(frozen=True)
class _Text:
    """A licence by sentences it alone has; `words` is how long it is, without the copyright line."""

    name: str
    sentences: tuple[str, ...]
    words: int
    never: tuple[str, ...] = ()


_MIT = "permission is hereby granted free of charge to any person obtaining a copy of this software"
_BSD = "redistribution and use in source and binary forms with or without modification are permitted"
_BSD_3 = "may be used to endorse or promote products derived from this software without"
_BSD_4 = "all advertising materials mentioning features or use of this software"
_TEXTS = (
    _Text("MIT", (_MIT, "the above copyright notice and this permission notice"), 170, ("for good not evil",)),
    _Text("MIT-0", (_MIT, "to do so the software is provided as is"), 140, ("the above copyright notice and this",)),
    _Text("BSD-3-Clause", (_BSD, _BSD_3), 220, (_BSD_4,)),
    _Text("BSD-2-Clause", (_BSD,), 190, (_BSD_3, _BSD_4)),
    _Text("Apache-2.0", ("apache license version 2 0", "grant of patent license", "submission of contributions"), 1700),
    _Text(
        "ISC",
        ("permission to use copy modify and or distribute this software for any purpose with or without fee is hereby "
         "granted provided that",),
        120,
    ),
    _Text(
        "0BSD",
        ("permission to use copy modify and or distribute this software for any purpose with or without fee is hereby "
         "granted the software",),
        95,
    ),
    _Text("Zlib", ("in no event will the authors be held liable for any damages", "altered source versions"), 130),
    _Text("BSL-1.0", ("boost software license version 1 0", "permission is hereby granted free of charge"), 230),
    _Text("Unlicense", ("this is free and unencumbered software released into the public domain",), 215),
    _Text("CC0-1.0", ("cc0 1 0 universal", "affirmer"), 1100),
    _Text("CC-BY-SA-4.0", ("attribution sharealike 4 0 international", "adapter s license"), 3000),
    _Text("CC-BY-NC-4.0", ("attribution noncommercial 4 0 international",), 3000),
    _Text("CC-BY-4.0", ("attribution 4 0 international", "adapted material"), 2800),
    _Text("PSF-2.0", ("python software foundation license version 2",), 450),
    _Text("MPL-2.0", ("mozilla public license version 2 0", "secondary licenses"), 2600),
    _Text("EPL", ("eclipse public license v",), 1800),
    _Text("AGPL-3.0", ("gnu affero general public license version 3 19 november 2007",), 5700),
    _Text("LGPL-3.0", ("gnu lesser general public license version 3 29 june 2007",), 1300),
    _Text("LGPL-2.1", ("gnu lesser general public license version 2 1 february 1999",), 4400),
    _Text("GPL-3.0", ("gnu general public license version 3 29 june 2007",), 5700, ("gnu affero general",)),
    _Text("GPL-2.0", ("gnu general public license version 2 june 1991",), 3000),
    _Text("SqueakL", ("squeak license", "export"), 1600),
)  # fmt: skip
_SPACE = re.compile(r"[\W_]+")
_SLACK = 1.3
_SLACK_WORDS = 80
_FILE = re.compile(r"(?:un)?licen[cs]e|copying|copyright", re.IGNORECASE)
_README = re.compile(r"readme(?:\.\w+)?", re.IGNORECASE)
_README_LICENCE = re.compile(r"^#+\s*licen[cs]e\s*$\n+(?P<text>.{0,400})", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_TAG = re.compile(r"SPDX-License-Identifier:\s*([\w.+() -]+)")


def identify_licence(text: str) -> str:
    """The SPDX expression of a licence file, empty when no licence is recognised.

    Several licences in one file are joined by AND; a file that says much more ends in `LicenseRef-other-terms`.
    """
    words = f" {_SPACE.sub(' ', text.lower())} "
    found = [
        each
        for each in _TEXTS
        if all(sentence in words for sentence in each.sentences) and not any(other in words for other in each.never)
    ]
    if not found:
        return ""
    known = sum(each.words for each in found)
    more = len(words.split()) > _SLACK * known + _SLACK_WORDS
    return " AND ".join([*(each.name for each in found), *([OTHER_TERMS] if more else [])])


def is_licence_file(path: str) -> bool:
    """Whether a file of a repository may say its licence: LICENSE, COPYING and their kin, and the README."""
    name = PurePosixPath(path).name
    return bool(_FILE.match(name) or _README.fullmatch(name)) and PurePosixPath(path).suffix.lower() not in (
        ".py",
        ".st",
    )


def licences_in(files: Mapping[str, str]) -> dict[str, str]:
    """Folder of a repository (empty for its root) to the licence its files state.

    A licence file goes before a README, whose section `License` counts. Folders that state none are left out.
    """
    found: dict[str, str] = {}
    for path in sorted(files, key=lambda path: (bool(_README.fullmatch(PurePosixPath(path).name)), path)):
        folder = PurePosixPath(path).parent.as_posix()
        if _README.fullmatch(PurePosixPath(path).name):
            section = _README_LICENCE.search(files[path])
            licence = normal_name(section["text"]) if section else ""
            licence = "" if licence == "unknown" else licence
        else:
            licence = identify_licence(files[path])
        if licence:
            found.setdefault("" if folder == "." else folder, licence)
    return found


def licence_for(path: str, licences: Mapping[str, str], text: str = "") -> str:
    """The licence of one file: its own SPDX line, or what the nearest folder above it states; empty when none does."""
    own = _TAG.search(text[:2000])
    if own:
        return own[1].strip()
    folders = [parent.as_posix() for parent in PurePosixPath(path).parents]
    return next((licences[key] for folder in folders if (key := "" if folder == "." else folder) in licences), "")

from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.catalog import load_catalog
from llmlab.corpus.licences import (
    OTHER_TERMS,
    LicenceConfig,
    class_of,
    find_licence_fault,
    identify_licence,
    is_licence_file,
    licence_for,
    licences_in,
    normal_name,
    spdx_names,
)

ROOT = Path(__file__).parents[2]
MIT = (ROOT / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("CC0-1.0", "free"),
        ("Public domain (Shakespeare)", "free"),
        ("private", "free"),
        ("mine: all of it", "free"),
        ("MIT", "permissive"),
        ("MIT AND Odd-1.0", "unknown"),
        ("BSD-3-Clause AND Apache-2.0", "permissive"),
        ("CC BY 4.0 (React, Vue docs); Apache-2.0 (d2l-zh); per row", "permissive"),
        ("CC BY-SA 3.0/4.0 (English Wikipedia text; repo Apache-2.0)", "copyleft"),
        ("GPL-2.0-or-later", "copyleft"),
        ("GPL-2.0 OR MIT", "permissive"),
        ("(MIT OR Apache-2.0) AND GPL-3.0-only", "copyleft"),
        ("MIT AND (GPL-2.0-only OR (BSD-3-Clause AND ISC))", "permissive"),
        ("(EPL-2.0 OR Odd-1.0) AND MIT", "copyleft"),
        ("The MIT License (MIT)", "permissive"),
        ("BSD 3-Clause", "permissive"),
        ("BSD License", "permissive"),
        ("GNU General Public License, version 3", "copyleft"),
        ("Apache-2.0 (repository); upstream CC BY-NC 4.0: treat as non-commercial", "noncommercial"),
        ("CC BY-ND 4.0", "restricted"),
        ("All rights reserved", "restricted"),
        (f"MIT AND {OTHER_TERMS}", "unknown"),
        ("see the file", "unknown"),
        ("", "unknown"),
    ],
)
def test_classes(statement: str, found: str) -> None:
    assert class_of(statement) == found


def test_every_licence_of_the_catalogue_is_understood() -> None:
    statements = {name: source.license for name, source in load_catalog().items()}
    assert len(statements) > 10
    # The documents of the first two carry the licences of their packages and repositories; the last states none.
    assert {name for name, statement in statements.items() if class_of(statement) == "unknown"} == {
        "python-docstrings",
        "github-smalltalk",
        "hub-coig-cqia",
    }


def test_names() -> None:
    assert spdx_names("CC BY-NC-SA 4.0") == ["CC-BY-NC-SA"]
    assert normal_name("LGPL-2.1 or MIT") == "LGPL AND MIT"
    assert normal_name("?") == "unknown"


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        ("permissive", ["CC0-1.0", "MIT"]),
        ("copyleft", ["CC0-1.0", "MIT", "GPL-3.0"]),
        ("noncommercial", ["CC0-1.0", "MIT", "GPL-3.0", "CC BY-NC 4.0"]),
        ("any", ["CC0-1.0", "MIT", "GPL-3.0", "CC BY-NC 4.0", "proprietary", "who knows"]),
    ],
)
def test_policies(make: Callable[..., Document], policy: str, kept: list[str]) -> None:
    config = LicenceConfig(policy=policy)  # type: ignore[arg-type]
    statements = ["CC0-1.0", "MIT", "GPL-3.0", "CC BY-NC 4.0", "proprietary", "who knows"]
    faults = {each: find_licence_fault(make("x", license=each), config) for each in statements}
    assert [each for each, fault in faults.items() if fault is None] == kept
    assert faults["who knows"] in (None, "licence unknown")


def test_lists_go_before_the_policy(make: Callable[..., Document]) -> None:
    config = LicenceConfig(allow=["CC-BY-SA", "by letter of 3 May"], deny=["MIT"])
    assert find_licence_fault(make("x", license="CC BY-SA 4.0"), config) is None
    assert find_licence_fault(make("x", license="by letter of 3 May"), config) is None
    assert find_licence_fault(make("x", license="MIT"), config) == "licence denied"
    with pytest.raises(LabError, match="both allowed and denied"):
        LicenceConfig(allow=["MIT"], deny=["MIT"])


def test_files_of_installed_packages_against_what_their_makers_declare() -> None:
    """The authority is the packages' own metadata; only those with one licence and one file are compared."""
    names = ("license", "license.txt", "license.md", "copying", "license.rst")
    judged = right = 0
    for distribution in metadata.distributions():
        declared = distribution.metadata.get("License-Expression") or ""
        files = [file for file in distribution.files or [] if file.name.lower() in names]
        if len(files) == 1 and declared and " " not in declared and Path(str(files[0].locate())).is_file():
            judged += 1
            found = identify_licence(Path(str(files[0].locate())).read_text(encoding="utf-8", errors="replace"))
            # Some files hold the licences of what is bundled besides: more is found then, never something else.
            right += found == declared
            assert found, distribution.name
    assert judged >= 20
    assert right >= 0.85 * judged


def test_a_licence_with_more_in_it_is_another_one() -> None:
    assert identify_licence(MIT) == "MIT"
    more = MIT + "\nThe Software may be used on Tuesdays only, and not by anybody named Smith. " * 20
    assert identify_licence(more) == f"MIT AND {OTHER_TERMS}"
    assert class_of(identify_licence(more)) == "unknown"
    assert identify_licence(MIT.replace("THE SOFTWARE IS PROVIDED", "For good, not evil. THE SOFTWARE IS")) == ""
    assert identify_licence("Do what you want.") == ""


def test_the_nearest_file_above_says_the_licence() -> None:
    readme = "# Thing\n\nIt does things.\n\n## License\n\nUnder the Apache License, Version 2.0.\n"
    files = {"LICENSE": MIT, "README.md": readme, "vendor/a/README.md": readme, "vendor/b/README": "no word of it"}
    licences = licences_in(files)
    assert licences == {"": "MIT", "vendor/a": "Apache-2.0"}
    assert licence_for("src/Foo.st", licences) == "MIT"
    assert licence_for("vendor/a/src/Foo.st", licences) == "Apache-2.0"
    assert licence_for("vendor/b/Foo.st", licences) == "MIT"
    assert licence_for("src/Foo.st", licences, '"SPDX-License-Identifier: GPL-3.0-only"') == "GPL-3.0-only"
    assert licence_for("Foo.st", {}) == ""


def test_which_files_state_it() -> None:
    assert all(map(is_licence_file, ("LICENSE", "doc/license.txt", "COPYING.LESSER", "UNLICENSE", "README.md")))
    assert not any(map(is_licence_file, ("src/License.st", "licenses.py", "relicense.md", "Readme-First.class.st")))

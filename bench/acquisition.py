"""What the readers of the web withstand: misbehaving servers, forbidden paths, addresses that must not be reached.

    python bench/acquisition.py

Runs the tests that hold the tables (tests/corpus), the slow ones included, against servers of their own on this
machine, and prints one JSON object: how many of each there are, and how many were withstood. About one minute.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
# What is counted -> the tests that count it, by the start of their names.
COUNTED = {
    "ways of misbehaving, each by four kinds of source, without a corrupt record": "test_no_corrupt_record",
    "addresses refused": "test_private_addresses_are_refused_in_every_spelling",
    "redirects to them that reached none": "test_no_redirect_reaches_one",
    "public names for private addresses refused": "test_a_public_name_for_a_private_address_is_refused",
    "redirects to disallowed paths not followed": "test_a_redirect_is_no_way_round",
    "crawls that asked for no disallowed path": "test_no_disallowed_path_is_asked_for",
    "answers of a search refused": "test_an_answer_of_another_shape_is_refused",
}
FILES = [
    "tests/corpus/test_hostile.py",
    "tests/corpus/test_addresses.py",
    "tests/corpus/sources/test_sitemap.py",
    "tests/corpus/sources/test_github_search.py",
]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "slow or not slow", f"--junit-xml={report}", *FILES]
        subprocess.run([*command, "-o", "junit_family=xunit1"], cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    found = {}
    for what, name in COUNTED.items():
        chosen = [case for case in cases if case.get("name", "").split("[")[0] == name]
        held = [case for case in chosen if case.find("failure") is None and case.find("error") is None]
        found[what] = f"{len(held)} of {len(chosen)}"
    outcomes = Counter(item.get("value") for case in cases for item in case.iter("property"))
    ways = {
        case.get("name", "").split("[")[1].rsplit("-", 1)[0]
        for case in cases
        if "corrupt_record[" in case.get("name", "")
    }
    print(json.dumps({"ways": len(ways), "outcomes": dict(outcomes), **found}, indent=2))


if __name__ == "__main__":
    main()

"""Peak memory of the corpus stages on made-up text of two sizes: it should not grow with the corpus.

    python bench/memory.py                              30 and 300 MB (some minutes)
    python bench/memory.py --megabytes 30 --megabytes 3000
    python bench/memory.py --stage clean --stage split  some of the stages only

English prose of 2 kB a document, and every 400th a book of 400 kB, in one JSON Lines file. `clean` drops two thirds for
their licence, `dedupe` a tenth as exact copies, `decontaminate` a tenth for evaluation text. Each stage is run as the
pipeline runs it, as a process of its own, whose largest resident size is told; `split` both by group and by position.
Prints one JSON object a size, and at the end how much the peaks grew from the first size to the last.
"""

import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from apart import run_stage

from llmlab.artifacts.documents import write_rows
from llmlab.runtime.device import machine_facts

LIMIT_MIB = 2048
DOCUMENT, BOOK, BOOK_EVERY = 2_000, 400_000, 400
_RNG = random.Random(0)
WORDS = ["".join(_RNG.choices("aabcdeeefghiiklmnnoopqrrssttuuvwxyz", k=_RNG.randint(2, 9))) for _ in range(20_000)]
COMMON = ["the", "of", "and", "to", "that", "have", "with", "be"]
QUESTION = "which of the seven rivers that rise in the northern hills reaches the sea before it freezes in december"
RAW = "--lang english --cache cache --removed removed.txt --out raw/english.parquet --metrics m/scrape.json"
CLEAN = "--lang english --raw raw/english.parquet --removed removed.txt --out clean/english.parquet"
COMMANDS = {
    "scrape": f"scrape.py {RAW}",
    "clean": f"clean.py {CLEAN} --dropped dropped/english.parquet --metrics m/clean.json",
    "dedupe": "dedupe.py --clean clean --out dedup --metrics m/dedupe.json",
    "decontaminate": "decontaminate.py --dedup dedup --tasks tasks --out decontaminated --metrics m/decontaminate.json",
    "split": "split.py --documents decontaminated --out split --metrics m/split.json",
    "split by position": "split.py --documents decontaminated --out positional --metrics m/split.json",
}


def rows(size: int) -> Iterator[dict[str, str]]:
    """Documents until they have `size` characters together."""
    made = number = 0
    text = ""
    while made < size:
        rng = random.Random(number)
        # One in ten is the document before it once more.
        if number % 10 != 9:
            text = prose(rng, BOOK if number % BOOK_EVERY == BOOK_EVERY - 5 else DOCUMENT)
            if number % 10 == 3:
                text = f"{text}\n\nSomebody asked {QUESTION}."
        original = number - (number % 10 == 9)
        licence = "none" if original % 3 else "CC0-1.0"
        yield {"text": text, "license": licence, "place": f"place {number // 20}"}
        made += len(text)
        number += 1


def prose(rng: random.Random, characters: int) -> str:
    """Paragraphs of sentences of made-up words, every other one a common one."""
    paragraphs: list[str] = []
    while sum(map(len, paragraphs)) < characters:
        words = [
            word for pair in zip(rng.choices(WORDS, k=50), rng.choices(COMMON, k=50), strict=True) for word in pair
        ]
        sentences = [" ".join(words[start : start + 12]).capitalize() + "." for start in range(0, 96, 12)]
        paragraphs.append(" ".join(sentences))
    return "\n\n".join(paragraphs)


def prepare(folder: Path, size: int) -> None:
    """The text, the evaluation set, and the params."""
    with (folder / "text.jsonl").open("w", encoding="utf-8") as file:
        for row in rows(size):
            file.write(json.dumps(row) + "\n")
    (folder / "removed.txt").write_text("")
    task = {"id": "t1", "task": "rivers", "lang": "english", "prompt": QUESTION, "answer": "none of them"}
    write_rows(folder / "tasks/rivers.parquet", list(task), [task])


def params(stage: str) -> dict[str, Any]:
    source = {"kind": "local", "name": "made", "path": "text.jsonl", "document": "prose", "license": "CC0-1.0"}
    fields = {"license_field": "license", "group_by": "field", "group_field": "place"}
    method = "positional" if stage == "split by position" else "group"
    return {
        "languages": ["english"],
        # 50 GB, so that the size of the file is no matter.
        "scrape": {"english": {"sources": [{**source, **fields}], "limits": {"max_bytes": 50_000_000_000}}},
        "clean": {},
        "dedupe": {},
        "decontaminate": {},
        "split": {"method": method, "val": 0.05, "test": 0.05},
    }


def run(folder: Path, stage: str) -> tuple[float, float]:
    """Seconds of processor time and peak MiB of a stage."""
    (folder / "params.yaml").write_text(yaml.safe_dump(params(stage)), encoding="utf-8")
    program, *arguments = COMMANDS[stage].split()
    return run_stage(program, arguments, folder, {"LLMLAB_SCRATCH": str(folder / "scratch")})


def measure(megabytes: int, stages: list[str]) -> dict[str, Any]:
    """Everything about one size; a stage that is left out hands its documents on as they are."""
    result: dict[str, Any] = {"megabytes": megabytes, "peak_mib": {}, "cpu_seconds": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, megabytes * 1_000_000)
        for stage in COMMANDS:
            if stage in stages:
                seconds, memory = run(folder, stage)
                result["peak_mib"][stage], result["cpu_seconds"][stage] = round(memory), round(seconds, 1)
            elif not stage.startswith("split"):
                skip(folder, stage)
        result["dropped"] = {
            path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in sorted((folder / "m").glob("*.json"))
            if path.stem in ("clean", "dedupe", "decontaminate")
        }
    result["dropped"] = {stage: (each.get("english") or each)["dropped"] for stage, each in result["dropped"].items()}
    return result


def skip(folder: Path, stage: str) -> None:
    """Link what the stage would read to where it would write."""
    places = {"clean": ("raw", "clean"), "dedupe": ("clean", "dedup"), "decontaminate": ("dedup", "decontaminated")}
    if stage not in places:
        raise SystemExit("only the stages from clean on can be left out")
    before, after = places[stage]
    (folder / after).symlink_to(folder / before)


def main(
    megabytes: Annotated[list[int] | None, typer.Option(help="sizes to measure; may be given again")] = None,
    stage: Annotated[list[str] | None, typer.Option(help="stages to run; may be given again")] = None,
) -> None:
    results: list[dict[str, Any]] = []
    for size in megabytes or (30, 300):
        results.append(measure(size, stage or list(COMMANDS)))
        print(json.dumps(results[-1]), flush=True)
    first, last = (each["peak_mib"] for each in (results[0], results[-1]))
    growth = {name: round(last[name] / first[name], 2) for name in first}
    met = max(last.values()) < LIMIT_MIB
    print(json.dumps({"growth": growth, "limit_mib": LIMIT_MIB, "met": met, "machine": machine_facts()}))


if __name__ == "__main__":
    typer.run(main)

"""Edits of a copy of the project, each really run: exactly the stages that can feel one rerun.

Two rules make the expectations. A stage runs when its closure, its params or the bytes of what it reads changed; and
what comes out equal stops there. Model and adapter folders hold the hash of the code and params they were made with,
so they never come out equal after an edit: `pretrain` takes `sft`, `lora` and `evaluate` along. The edits of one round
reach disjoint sets of stages, so none hides another's mistake; they are undone after it, and the run cache brings
back the outputs.
"""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ruamel.yaml import YAML

from llmlab.pipeline.closure import fingerprint

from .made_project import UNUSED_IMPORT, MadeProject

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SCRAPE = {"scrape@smalltalk", "scrape@english", "scrape@chinese"}
CLEAN = {"clean@smalltalk", "clean@english", "clean@chinese"}
CORPUS = {"dedupe", "decontaminate", "split"}
TUNED = {"sft", "lora", "evaluate"}
AFTER_SPLIT = {"train_tokenizer", "shard", "pretrain", "instruct", *TUNED, "plot"}
ALL = {"tasks", *SCRAPE, *CLEAN, *CORPUS, *AFTER_SPLIT}
# A script's name is its stage's, but for one.
SCRIPTS = {stage.split("@")[0] for stage in ALL} - {"evaluate"} | {"measure"}


@dataclass
class Edit:
    """What is done to the copy, and which stages have to run because of it."""

    name: str
    apply: Callable[[MadeProject], None]
    runs: set[str]


def text(name: str, change: Callable[[str], str], runs: set[str]) -> Edit:
    def apply(project: MadeProject) -> None:
        before = (project.root / name).read_bytes().decode()
        after = change(before)
        assert after != before, f"{name} was not changed"
        project.write(name, after.encode())

    return Edit(name, apply, runs)


def constant(name: str, *runs: str) -> Edit:
    """A constant that nothing uses: the program is another one, its outputs are the same."""
    return text(name, lambda before: before + "\n_TOUCHED = 1\n", set(runs))


def line(name: str, added: str, *runs: str) -> Edit:
    return text(name, lambda before: before + added + "\n", set(runs))


def param(key: str, value: Any, *runs: str) -> Edit:
    def change(before: str) -> str:
        yaml = YAML()
        values = yaml.load(before)
        *sections, last = key.split(".")
        place = values
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
        written = io.StringIO()
        yaml.dump(values, written)
        return written.getvalue()

    return text("params.yaml", change, set(runs))


def new_file(name: str, content: bytes, *runs: str) -> Edit:
    return Edit(name, lambda project: project.write(name, content), set(runs))


def crlf(folder: str) -> Edit:
    def apply(project: MadeProject) -> None:
        files = [path for path in (project.root / folder).rglob("*") if path.suffix in (".py", ".yaml")]
        assert len(files) > 5
        for path in files:
            project.write(path.relative_to(project.root).as_posix(), path.read_bytes().replace(b"\n", b"\r\n"))

    return Edit(f"CRLF in {folder}", apply, set())


def other_layout(folder: str) -> Edit:
    """Every line broken at 60 characters, by ruff."""

    def apply(project: MadeProject) -> None:
        for path in (project.root / folder).rglob("*.py"):
            command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "60", "-q", "-"]
            done = subprocess.run(command, input=path.read_bytes(), capture_output=True, check=True)
            project.write(path.relative_to(project.root).as_posix(), done.stdout)

    return Edit(f"layout of {folder}", apply, set())


def docstring(name: str, before: str) -> Edit:
    """Another text in the place of the beginning of a docstring."""
    return text(name, lambda whole: whole.replace(f'"""{before}', '"""Other words.\n\nMore of them: ', 1), set())


SPANISH = {
    "sources": [
        {"kind": "local", "path": "data/own/spanish", "license": "CC0-1.0", "document": "prose", "group_by": "file"}
    ]
}

ROUNDS: dict[str, list[Edit]] = {
    "what changes no program": [
        line("lib/llmlab/model/attention.py", "# a comment"),
        line("stages/pretrain.py", "# a comment"),
        docstring("lib/llmlab/artifacts/errors.py", "The one exception the lab raises at people"),
        docstring("lib/llmlab/corpus/split.py", "The set of a group"),
        docstring("lib/llmlab/train/config.py", "Optimizer updates, unless"),
        other_layout("lib/llmlab/train"),
        other_layout("lib/llmlab/evals"),
        crlf("lib/llmlab/corpus"),
        crlf("lib/llmlab/smalltalk"),
        line("README.md", "more"),
        new_file("lib/llmlab/model/__pycache__/extra.cpython-311.pyc", b"x"),
        new_file("lib/llmlab/model/extra.pyc", b"x"),
        new_file("lib/llmlab/model/.DS_Store", b"x"),
        new_file("data/bundled/english/.DS_Store", b"x"),
        new_file("data/bundled/__pycache__/x.pyc", b"x"),
        new_file("lib/llmlab/model/unread.py", b"X = 1\n"),
        constant("lib/llmlab/cli/main.py"),
        constant("lib/llmlab/notes/note.py"),
        # Presets are for `lab`, and how closures are worked out is no part of one.
        constant("lib/llmlab/pipeline/presets.py"),
        constant("lib/llmlab/pipeline/closure.py"),
    ],
    "corpus, catalogue, tasks, viz, a stage": [
        constant("lib/llmlab/corpus/quality.py", *CLEAN),
        line(
            "lib/llmlab/corpus/catalog.yaml",
            "  extra:\n    kind: local\n    path: x\n    document: prose\n    license: mine",
            *SCRAPE,
        ),
        constant("lib/llmlab/tasks/words.py", "tasks", "instruct", *TUNED),
        constant("lib/llmlab/viz/theme.py", "plot"),
        constant("stages/shard.py", "shard"),
    ],
    "tokenizer, shards, instruct, adapt, another stage": [
        constant("lib/llmlab/tokenizer/fertility.py", "train_tokenizer"),
        constant("lib/llmlab/shards/encode.py", "shard"),
        constant("lib/llmlab/instruct/bugs.py", "instruct"),
        constant("lib/llmlab/adapt/recipe.py", "lora", "evaluate"),
        constant("stages/split.py", "split"),
    ],
    "smalltalk, new imports, an import less": [
        constant("lib/llmlab/smalltalk/mutate.py", "instruct"),
        line("lib/llmlab/corpus/scrub.py", "from llmlab.artifacts import lock as _touched", *CLEAN),
        line("lib/llmlab/tokenizer/fertility.py", "import decimal as _touched", "train_tokenizer"),
        # Brings llmlab.corpus.census into the closure, a file that `evaluate` did not have.
        line("lib/llmlab/evals/bootstrap.py", "from llmlab.corpus import census as _touched", "evaluate"),
        text("stages/plot.py", lambda before: before.replace(UNUSED_IMPORT, ""), {"plot"}),
    ],
    # One of several that reach the same stages; that each does is told by closures, below.
    "model": [constant("lib/llmlab/model/ffn.py", "pretrain", *TUNED)],
    "params of the corpus and of training that change no output": [
        param("scrape.english.max_documents", 1_000_000, "scrape@english"),
        param("clean.quality", {"max_chars": 1_999_999}, *CLEAN),
        param("dedupe.threshold", 0.71, "dedupe"),
        param("decontaminate.ngram_words", 14, "decontaminate", "evaluate"),
        param("tokenizer.train_bytes", 19_999_999, "train_tokenizer"),
        param("shard.kinds", ["dialogue", "verse", "prose", "code"], "shard"),
        param("train.checkpoint_every", 2, "pretrain"),
        param("sft.checkpoint_every", 1, "sft"),
        param("lora.train.checkpoint_every", 1, "lora"),
    ],
    "params of the split and of the examples, evals, decode": [
        # Of near-duplicates the copy in test is kept, so `dedupe` reads the split's params too.
        param("split.val", 0.20001, "dedupe", "split"),
        param("instruct.max_characters", 601, "instruct"),
        constant("lib/llmlab/evals/diversity.py", "evaluate"),
        constant("lib/llmlab/decode/engine.py", *TUNED),
    ],
    "params of the tasks and of the adapter": [
        # Overlaps are looked for anew and none are found; the figures about the tasks are others.
        param("tasks.examples", 5, "tasks", "decontaminate", "evaluate", "plot"),
        param("lora.adapter.alpha", 64, "lora", "evaluate", "plot"),
    ],
    "a param of the model": [param("model.ffn", "gelu", "pretrain", *TUNED, "plot")],
    "a param of evaluate, a new text of one's own": [
        param("evaluate.texts", 1, "evaluate", "plot"),
        new_file("data/own/notes.txt", b"Nobody reads this yet.\n", *SCRAPE),
    ],
    "the seed, a comment in the removal list": [
        param("seed", 2, "tasks", "decontaminate", "pretrain", "instruct", *TUNED, "plot"),
        line("data/removed.txt", "# nobody asked", *SCRAPE, *CLEAN),
    ],
    "a fourth language": [
        param("languages", ["smalltalk", "english", "chinese", "spanish"]),
        param("scrape.spanish", SPANISH, "scrape@spanish", "clean@spanish", "tasks", *CORPUS, *AFTER_SPLIT),
    ],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> MadeProject:
    return MadeProject(tmp_path_factory.mktemp("project"))


@pytest.fixture
def edited(project: MadeProject) -> Iterator[MadeProject]:
    yield project
    project.restore()


def test_at_first_everything_runs(project: MadeProject) -> None:
    assert project.first == ALL | {"fingerprint"}


def test_at_second_nothing_but_the_fingerprint(project: MadeProject) -> None:
    assert project.repro() == {"fingerprint"}


@pytest.mark.parametrize("name", list(ROUNDS))
def test_exactly_the_stages_that_can_feel_an_edit_run(edited: MadeProject, name: str) -> None:
    for edit in ROUNDS[name]:
        edit.apply(edited)
    expected = set().union(*(edit.runs for edit in ROUNDS[name]))
    assert edited.repro() - {"fingerprint"} == expected


@pytest.mark.parametrize(
    ("name", "holders"),
    [
        ("artifacts/errors.py", SCRIPTS),
        ("runtime/seed.py", {"pretrain", "sft", "lora", "measure"}),
        ("model/ffn.py", {"pretrain", "sft", "lora", "measure"}),
        # `evaluate` runs after it since the models' folders say what code made them.
        ("train/groups.py", {"pretrain", "sft", "lora"}),
        ("shards/encode.py", {"shard"}),
    ],
)
def test_exactly_these_scripts_hold_a_file(project: MadeProject, name: str, holders: set[str]) -> None:
    library = project.root / "lib"
    closures = {script: fingerprint(project.root / "stages" / f"{script}.py", library)["files"] for script in SCRIPTS}
    assert {script for script, files in closures.items() if f"llmlab/{name}" in files} == holders


def test_after_all_is_undone_the_run_cache_has_everything(project: MadeProject) -> None:
    """Files of a language that is no longer listed stay behind, which only the readers of their folders can see."""
    project.repro()
    assert project.repro() == {"fingerprint"}
    left = sorted(path for path in project.root.glob("*/*/spanish.*") if path.is_file())
    assert {path.relative_to(project.root).as_posix() for path in left} >= {
        "data/clean/spanish.parquet",
        "metrics/clean/spanish.json",
        "metrics/scrape/spanish.json",
    }
    for path in left:
        path.unlink()
    assert project.repro() == {"fingerprint"}


@pytest.mark.parametrize(
    ("stage", "later"),
    [("scrape", "pass"), ("instruct", "import llmlab.corpus.sources.hub"), ("measure", "pass"), ("plot", "pass")],
)
def test_closures_are_what_python_imports(project: MadeProject, stage: str, later: str) -> None:
    """Every module that loading the script brings in, with what a function of it imports `later`, and no other file."""
    script = project.root / "stages" / f"{stage}.py"
    code = (
        f"import runpy, sys; runpy.run_path({str(script)!r}, run_name='loaded'); {later}; "
        "print(*[each.__file__ for name, each in sys.modules.items() if name.split('.')[0] == 'llmlab'], sep='\\n')"
    )
    library = project.root / "lib"
    loaded = {path.removeprefix(f"{library}/") for path in project.run([sys.executable, "-c", code]).split()}
    found = fingerprint(script, library)["files"]
    assert {name for name in found if name.endswith(".py")} == loaded | {f"stages/{stage}.py"}

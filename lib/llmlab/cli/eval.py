"""`lab eval`: the tasks and sets of texts of docs/EVALUATION.md, put to a model."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.cli.project import CHAT, TOKENIZER, languages

if TYPE_CHECKING:
    from llmlab.evals.answerer import Answerer
    from llmlab.evals.suite import SuiteConfig
    from llmlab.tasks.base import Task
    from llmlab.tasks.published import Finder

CACHE = Path(".cache/downloads")
_TEST = Path("data/split/test.parquet")
_COLUMNS = ("task", "lang", "template", "examples", "score", "low", "high", "chance", "normalised", "tokens", "seconds")


def evaluate(  # noqa: PLR0913 - one argument per option
    *,
    model: Annotated[str, typer.Argument(help="Model folder of ours or of the hub's layout, or `owner/name`.")],
    tasks: Annotated[str, typer.Option(help="Names, comma between; `all`, `made`, `published`, `texts`.")] = "made",
    limit: Annotated[int, typer.Option(min=0, help="Most questions per task and language; 0: all.")] = 200,
    shots: Annotated[int, typer.Option(min=0, help="Solved examples before each question.")] = 0,
    seed: Annotated[int, typer.Option(help="Of questions, solved examples and drawn answers.")] = 1,
    template: Annotated[str, typer.Option(help="What stands around a question; empty: the task's own.")] = "",
    samples: Annotated[int, typer.Option(min=1, help="Written answers per question; several are drawn.")] = 1,
    k: Annotated[int, typer.Option(min=1, help="Also pass@k, with --samples.")] = 1,
    lang: Annotated[str, typer.Option(help="Only this language; by default those of params.yaml.")] = "",
    adapter: Annotated[Path | None, typer.Option(help="Adapter folder, such as models/adapters/NAME.")] = None,
    tokenizer: Annotated[Path, typer.Option(help="Tokenizer folder of a model of ours.")] = TOKENIZER,
    seeds: Annotated[int, typer.Option(min=1, help="With several: scores over templates and so many seeds.")] = 1,
    harness: Annotated[bool, typer.Option(help="Put the tasks of lm-evaluation-harness instead.")] = False,
    harness_tasks: Annotated[
        Path | None, typer.Option(help="Only the tasks of this folder, in the harness's format.")
    ] = None,
    without_sandbox: Annotated[
        bool, typer.Option(help="Run programs that the model wrote with limits only, where bubblewrap is missing.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda, mps, or auto.")] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON lines.")] = False,
) -> None:
    """Put tasks to a model: scores with intervals, what chance gets, and what it cost."""
    from llmlab.evals.suite import SuiteConfig  # noqa: PLC0415

    values = {"limit": limit, "shots": shots, "seed": seed, "template": template, "samples": samples, "k": k}
    config = build(SuiteConfig, values, "options")
    answerer = _answerer(model, tokenizer, adapter, device)
    asked = [lang] if lang else languages()
    if harness:
        rows = _harness_rows(answerer, tasks, asked, config, harness_tasks)
    elif seeds > 1:
        rows = _variability_rows(answerer, _named(tasks, _table(without_sandbox)), asked, config, seeds)
    else:
        rows = _rows(answerer, tasks, _table(without_sandbox), asked, config)
    _print(rows, as_json)


def _answerer(model: str, tokenizer: Path, adapter: Path | None, device: str) -> "Answerer":
    """A model of ours when its config says so, else one of the hub."""
    folder = Path(model)
    if not is_hub(folder):
        from llmlab.cli.writer import load_writer  # noqa: PLC0415
        from llmlab.decode.sampling import SamplingConfig  # noqa: PLC0415
        from llmlab.evals.trained import Trained  # noqa: PLC0415

        beside = folder.parent / "tokenizer"
        words = beside if tokenizer == TOKENIZER and beside.is_dir() else tokenizer
        writer = load_writer(model=folder, tokenizer=words, sampling=SamplingConfig(), adapter=adapter, device=device)
        return Trained(writer.model, writer.tokenizer, chats=folder.name == CHAT.name)
    from llmlab.evals.hub_model import load_hub_model  # noqa: PLC0415

    return load_hub_model(model)


def is_hub(place: Path) -> bool:
    """Whether this is a folder in the hub's layout, or a name `owner/name` and no folder of ours."""
    if place.exists():
        return (place / "config.json").is_file() and not (place / "training.json").is_file()
    return len(place.parts) == 2 and place.parent != CHAT.parent


def _table(without_sandbox: bool) -> dict[str, "Task"]:
    """Every task, with the ways to data and to the sandbox."""
    from llmlab.tasks.table import all_tasks  # noqa: PLC0415
    from llmlab.tools.python import run_python  # noqa: PLC0415

    return all_tasks(_finder(), lambda program: run_python(program, contain=not without_sandbox).finished)


def _finder() -> "Finder":
    from llmlab.corpus.published_rows import published_rows  # noqa: PLC0415

    return lambda published: published_rows(**asdict(published), cache=CACHE)


def _named(names: str, table: Mapping[str, "Task"]) -> dict[str, "Task"]:
    """The tasks that the option means; sets of texts are no tasks.

    Raises:
        LabError: a name that is nobody's.
    """
    from llmlab.tasks.base import MADE  # noqa: PLC0415
    from llmlab.tasks.text_sets import TEXT_SETS  # noqa: PLC0415

    published = [name for name in table if name not in MADE]
    groups: dict[str, list[str]] = {"all": list(table), "made": list(MADE), "published": published, "texts": []}
    wanted = [name for part in names.split(",") for name in groups.get(part.strip(), [part.strip()])]
    known = [*table, *TEXT_SETS, *_own_sets()]
    strangers = [name for name in wanted if name not in known]
    if strangers:
        raise LabError(f"there is no task {strangers[0]!r}", f"take of {', '.join([*groups, *known])}")
    return {name: table[name] for name in wanted if name in table}


def _rows(
    answerer: "Answerer", names: str, table: Mapping[str, "Task"], asked: list[str], config: "SuiteConfig"
) -> Iterator[dict[str, Any]]:
    from llmlab.evals.suite import run_suite, run_texts  # noqa: PLC0415

    chosen = _named(names, table)
    yield from run_suite(list(chosen), chosen, asked, answerer, config)
    for name, (lang, texts) in _texts(names).items():
        if lang in asked:
            try:
                yield run_texts(name, lang, texts(), answerer, config)
            except LabError as error:
                yield {"task": name, "lang": lang, "status": error.problem, "remedy": error.remedy}


def _texts(names: str) -> dict[str, tuple[str, Any]]:
    """The sets of texts that the option means: their language, and what reads them."""
    from llmlab.tasks.text_sets import TEXT_SETS, texts_of  # noqa: PLC0415

    find = _finder()
    published = {name: (item.lang, lambda item=item: texts_of(item, find)) for name, item in TEXT_SETS.items()}
    known = {**published, **_own_sets()}
    parts = [part.strip() for part in names.split(",")]
    return {name: item for name, item in known.items() if name in parts or {"all", "texts"} & set(parts)}


def _own_sets() -> dict[str, tuple[str, Any]]:
    """The held-out texts of the project's own languages."""
    from llmlab.artifacts.documents import read_documents  # noqa: PLC0415

    def read(lang: str) -> list[str]:
        return [item.text for item in read_documents(_TEST, "split") if item.lang == lang and item.kind != "dialogue"]

    if not _TEST.is_file():
        return {}
    return {f"test-{lang}": (lang, lambda lang=lang: read(lang)) for lang in languages()}


def _harness_rows(
    answerer: "Answerer", names: str, asked: list[str], config: "SuiteConfig", folder: Path | None
) -> Iterator[dict[str, Any]]:
    try:
        from llmlab.evals.harness import run_harness  # noqa: PLC0415
    except ImportError as error:
        raise LabError(
            "lm-evaluation-harness is not installed", "run `pip install -e '.[harness]'`, or leave out --harness"
        ) from error
    lang = "english" if "english" in asked else asked[0]
    figures = run_harness(answerer, names.split(","), lang, limit=config.limit, shots=config.shots, folder=folder)
    for name, values in figures.items():
        yield {"task": name, **{key: value for key, value in values.items() if isinstance(value, int | float)}}


def _variability_rows(
    answerer: "Answerer", tasks: Mapping[str, "Task"], asked: list[str], config: "SuiteConfig", seeds: int
) -> Iterator[dict[str, Any]]:
    from llmlab.evals.variability import variability  # noqa: PLC0415

    for task in tasks.values():
        for lang in asked:
            if lang in task.languages():
                yield variability(task, lang, answerer, config, range(config.seed, config.seed + seeds))


def _print(rows: Iterator[dict[str, Any]], as_json: bool) -> None:
    """Rows as they come, since some take minutes."""
    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False), flush=True)
        return
    for number, row in enumerate(rows):
        if "score" in row:
            if not number:
                print(_line(dict(zip(_COLUMNS, _COLUMNS, strict=True))))
            shown = {**row, "tokens": row["tokens_read"] + row["tokens_written"]}
            print(_line({name: str(shown.get(name, "")) for name in _COLUMNS}), flush=True)
        elif "status" in row:
            print(f"{row['task']:<14} not put: {row['status']} ({row['remedy']})", flush=True)
        else:
            print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)


def _line(cells: Mapping[str, str]) -> str:
    widths = (14, 8, 15, 8, 7, 7, 7, 7, 10, 8, 7)
    return " ".join(f"{cells[name]:<{width}}" for name, width in zip(_COLUMNS, widths, strict=True)).rstrip()

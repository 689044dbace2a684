"""`lab adapter`: several adapters to one, and adapters of the PEFT library to ours."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import CHAT, stage_of

if TYPE_CHECKING:
    from llmlab.model.transformer import Transformer

app = typer.Typer(
    help="Several adapters to one, and adapters of the PEFT library to ours.",
    epilog="Example: lab adapter merge models/adapters/a models/adapters/b=0.5 --out models/both",
)


class Method(StrEnum):
    """Ways to merge."""

    LINEAR = "linear"
    TIES = "ties"
    DARE = "dare"
    DARE_TIES = "dare-ties"


class Election(StrEnum):
    """Which sign wins."""

    TOTAL = "total"
    FREQUENCY = "frequency"


@app.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """Several adapters to one, and adapters of the PEFT library to ours."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command(
    epilog="Example: lab adapter merge models/adapters/a models/adapters/b=0.5 --method ties --density 0.4 --out both"
)
def merge(
    *,
    adapters: Annotated[
        list[str], typer.Argument(help="Adapter folders, each with its strength: FOLDER or FOLDER=0.5.")
    ],
    out: Annotated[Path, typer.Option(help="The new adapter's folder.")],
    model: Annotated[Path, typer.Option(help="The model that all of them belong to.")] = CHAT,
    method: Annotated[Method, typer.Option(help="A weighted sum, or one of the papers' ways.")] = Method.LINEAR,
    density: Annotated[
        float, typer.Option(help="Share of the numbers that stays: largest with ties, else random.")
    ] = 1.0,
    election: Annotated[Election, typer.Option(help="Which sign wins with ties: larger sum or larger count.")] = (
        Election.TOTAL
    ),
    rank: Annotated[int, typer.Option(min=1, help="Rank of the new adapter.")] = 16,
    seed: Annotated[int, typer.Option(help="The same seed drops the same numbers.")] = 1,
) -> None:
    """Merge adapters of one model into one adapter of that model."""
    from llmlab.adapt.combine import combined, put_combined  # noqa: PLC0415
    from llmlab.adapt.merging import MergeConfig  # noqa: PLC0415
    from llmlab.adapt.store import load_adapter, save_adapter  # noqa: PLC0415
    from llmlab.artifacts.atomic import atomic_folder  # noqa: PLC0415
    from llmlab.artifacts.params import build  # noqa: PLC0415
    from llmlab.runtime.seed import torch_generator  # noqa: PLC0415

    values = {"method": method.value, "density": density, "election": election.value}
    config = build(MergeConfig, values, "options")
    strengths = dict(_strength(each) for each in adapters)
    network, digest = _base(model, out)
    names = {}
    for number, (folder, strength) in enumerate(strengths.items()):
        load_adapter(network, folder, digest, f"a{number}")
        names[f"a{number}"] = strength
    changes = combined(network, names, config, torch_generator(seed, "merge"))
    shape, held = put_combined(network, changes, "merged", rank)
    facts = {"merged": {folder.name: strength for folder, strength in strengths.items()}, **values, "held": held}
    with atomic_folder(out) as place:
        save_adapter(network, place, shape, digest, {"base": model.name, **facts}, "merged")
    print(f"{out}: {len(strengths)} adapters at rank {rank}, which holds {100 * held:.1f} % of their merged change")


@app.command("import", epilog="Example: lab adapter import ~/peft-output --model models/chat --out models/guest")
def take(
    folder: Annotated[Path, typer.Argument(help="What the PEFT library saved.")],
    out: Annotated[Path, typer.Option(help="Where it goes.")],
    model: Annotated[Path, typer.Option(help="The model that it was trained on.")] = CHAT,
) -> None:
    """Bind an adapter of the PEFT library to a model here; every tensor must find its layer."""
    from llmlab.adapt.store import read_peft, save_adapter  # noqa: PLC0415
    from llmlab.artifacts.atomic import atomic_folder  # noqa: PLC0415

    network, digest = _base(model, out)
    shape = read_peft(network, folder, "guest")
    with atomic_folder(out) as place:
        save_adapter(network, place, shape, digest, {"base": model.name}, "guest")
    print(f"{out}: {len(shape.targets)} layers, rank {shape.rank}; try `lab sample --model {model} --adapter {out}`")


def _base(model: Path, out: Path) -> "tuple[Transformer, str]":
    from llmlab.model.checkpoint import load_model, weights_hash  # noqa: PLC0415

    if out.exists():
        raise LabError(f"{out} is there already", "name another folder with `--out`, or move that one away")
    return load_model(model, stage_of(model)), weights_hash(model, stage_of(model))


def _strength(text: str) -> tuple[Path, float]:
    """A folder and its strength, from `FOLDER` or `FOLDER=0.5`."""
    folder, equals, number = text.rpartition("=")
    if not equals or Path(text).is_dir():
        return Path(text), 1.0
    try:
        return Path(folder), float(number)
    except ValueError as error:
        raise LabError(f"{number!r} in {text} is no strength", f"write it as a number: `{folder}=0.5`") from error

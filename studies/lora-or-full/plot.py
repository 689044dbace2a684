"""Tables and pictures of all runs in `results/`, from these alone. See dvc.yaml for how it is called."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from llmlab.artifacts.atomic import atomic_file, write_text
from llmlab.artifacts.manifest import read_json
from llmlab.pipeline.stage import run_stage
from llmlab.viz.labels import compact
from llmlab.viz.theme import MUTED, bare, no_data, save_picture

DOMAINS = ("dialect", "verse", "logs")
TITLES = {"dialect": "GNU Smalltalk", "verse": "Song verse", "logs": "Java stack traces"}
# What the question asks: is the first of two better than the second?
PAIRS = (
    *(("full", "all-64"), ("full", "blocks"), ("blocks", "all-64"), ("all-64", "all-16"), ("all-16", "all-4")),
    *(("all-16", "attention-16"), ("all-16", "attention-64"), ("all-16", "ffn-16"), ("ffn-16", "attention-64")),
    *(("adaptive-4", "all-4"), ("roles-even", "all-16"), ("roles-even", "all-4"), ("roles-ranked", "all-16")),
    *(("roles-ranked", "roles-even"), ("roles-ranked", "numbers-ranked"), ("numbers-ranked", "all-16")),
)
FAMILIES = ("full", "blocks", "all", "adaptive", "attention", "ffn", "roles", "numbers")
ROLES = ("all-4", "all-16", "roles-even", "roles-ranked", "numbers-ranked")
_COLUMNS = ("domain", "seed", "arm", "rate", "new", "old", "gain", "forgotten")
_LINES = {"all": "#0072B2", "attention": "#E69F00", "ffn": "#009E73", "adaptive": "#CC79A7"}
_COLORS = {**_LINES, "full": "#1f2328", "blocks": "#6a737d", "roles": "#D55E00", "numbers": "#8a6d3b"}
Row = dict[str, Any]


def main(*, results: Path, cost: Path, table: Path, tables: Path, plots: Path) -> None:
    """Write all of them."""
    rows = [row for path in sorted(results.glob("*-[0-9]*.json")) for row in _rows(path)]
    rates = {domain: read_json(results / f"rates-{domain}.json", "rates") for domain in DOMAINS}
    prices = read_json(cost, "cost")
    with atomic_file(table) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    parts = (_arms_table(rows), _pairs_table(rows), _rates_table(rates), _cost_table(prices))
    write_text(tables, "\n\n".join("\n".join(part) for part in parts) + "\n")
    plots.mkdir(exist_ok=True)
    save_picture(plots / "arms.png", (12, 7), lambda figure: _paint_arms(figure, rows, prices))
    save_picture(plots / "forgetting.png", (12, 3.8), lambda figure: _paint_forgetting(figure, rows))
    save_picture(plots / "rates.png", (12, 3.6), lambda figure: _paint_rates(figure, rates))
    save_picture(plots / "roles.png", (9, 3.6), lambda figure: _paint_roles(figure, rows))


def _rows(path: Path) -> Iterator[Row]:
    domain, seed = path.stem.rsplit("-", 1)
    report = read_json(path, "compare")
    start = report.pop("start")
    for arm, found in report.items():
        moved = {"gain": round(start["new"] - found["new"], 4), "forgotten": round(found["old"] - start["old"], 4)}
        yield {"domain": domain, "seed": int(seed), "arm": arm, **found, **moved}


def _of(rows: Sequence[Row], domain: str, arm: str, figure: str) -> list[float]:
    return [row[figure] for row in rows if (row["domain"], row["arm"]) == (domain, arm)]


def _arms(rows: Sequence[Row]) -> list[str]:
    return sorted({row["arm"] for row in rows}, key=_place)


def _place(arm: str) -> tuple[int, int, str]:
    """Families as they are listed here, ranks within one from the least."""
    family, _, rank = arm.partition("-")
    return FAMILIES.index(family), int(rank) if rank.isdigit() else 0, rank


def _cell(values: Sequence[float]) -> str:
    if not values:
        return ""
    return f"{fmean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")


def _arms_table(rows: Sequence[Row]) -> list[str]:
    """Bits per byte of the new domain and what the old one lost, mean and standard deviation over seeds."""
    heads = [f"{TITLES[domain]}: {figure}" for domain in DOMAINS for figure in ("new", "forgotten")]
    lines = ["| arm | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for arm in _arms(rows):
        cells = [_cell(_of(rows, domain, arm, figure)) for domain in DOMAINS for figure in ("new", "forgotten")]
        lines.append(f"| {arm} | " + " | ".join(cells) + " |")
    return lines


def _pairs_table(rows: Sequence[Row]) -> list[str]:
    """Differences of means, by the rule of the README: without a word where it does not decide."""
    heads = [f"{TITLES[domain]}: {figure}" for domain in DOMAINS for figure in ("new", "forgotten")]
    lines = ["| first less second | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for first, second in PAIRS:
        cells = [
            _difference(_of(rows, domain, first, figure), _of(rows, domain, second, figure))
            for domain in DOMAINS
            for figure in ("new", "forgotten")
        ]
        lines.append(f"| {first}, {second} | " + " | ".join(cells) + " |")
    return lines


def _difference(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """The first is better if it is lower on every seed, and by more than the larger deviation in the mean."""
    if len(ours) != len(theirs) or len(ours) < 2:
        return ""
    moved, spread = fmean(ours) - fmean(theirs), max(stdev(ours), stdev(theirs))
    signs = {a < b for a, b in zip(ours, theirs, strict=True)}
    decided = len(signs) == 1 and abs(moved) > spread
    return f"{moved:+.3f}" + (" better" if decided and moved < 0 else " worse" if decided else "")


def _rates_table(rates: Mapping[str, Any]) -> list[str]:
    """Best rates, and how many times that of full fine-tuning each is."""
    arms = sorted({arm for found in rates.values() for arm in found}, key=_place)
    lines = ["| best rate | " + " | ".join(TITLES[domain] for domain in DOMAINS) + " |", "|---|---|---|---|"]
    for arm in arms:
        cells = []
        for domain in DOMAINS:
            found = rates[domain].get(arm)
            times = found and found["best"] / rates[domain]["full"]["best"]
            cells.append(f"{found['best']:.4f} ({times:.1f}×)" + ("" if found["closed"] else " *") if found else "")
        lines.append(f"| {arm} | " + " | ".join(cells) + " |")
    return lines


def _cost_table(prices: Mapping[str, Any]) -> list[str]:
    parts = ("weights", "gradients", "moments", "activations")
    lines = ["| arm | trained | " + " | ".join(f"{part}, KiB" for part in parts) + " | sum, KiB | ms a step |"]
    lines.append("|---" * (len(parts) + 4) + "|")
    for arm, found in sorted(prices.items(), key=lambda item: _place(item[0])):
        cells = [f"{found[part]:,}" for part in parts]
        total = sum(found[part] for part in parts)
        lines.append(
            f"| {arm} | {found['trained']:,} | {' | '.join(cells)} | {total:,} | {found['milliseconds']:.0f} |"
        )
    return lines


def _paint_arms(figure: Figure, rows: Sequence[Row], prices: Mapping[str, Any]) -> None:
    panels = figure.subplots(2, len(DOMAINS), squeeze=False)
    for column, domain in enumerate(DOMAINS):
        for line, figure_name in enumerate(("new", "forgotten")):
            axes = panels[line][column]
            if not any(row["domain"] == domain for row in rows):
                no_data(axes, f"{domain}: not run")
                continue
            _curves(axes, rows, prices, domain, figure_name)
            axes.set_title(f"{TITLES[domain]}: " + ("bits per byte" if line == 0 else "lost on the old text"))
    panels[0][1].legend(loc=(0.02, 0.1), fontsize=8)
    for axes in panels[1]:
        axes.set_xlabel("numbers trained")


def _curves(axes: Axes, rows: Sequence[Row], prices: Mapping[str, Any], domain: str, figure: str) -> None:
    """A line for each family over the numbers trained, each seed a dot; full fine-tuning as level lines."""
    bare(axes, "y")
    _by_powers(axes, lambda value, _: compact(value))
    for arm, dash in (("full", "-"), ("blocks", "--")):
        axes.axhline(fmean(_of(rows, domain, arm, figure)), color=MUTED, linestyle=dash, linewidth=1.2, label=arm)
    for family, color in _LINES.items():
        arms = [arm for arm in _arms(rows) if arm.rsplit("-", 1)[0] == family and _of(rows, domain, arm, figure)]
        sizes = [prices[arm]["trained"] if family != "adaptive" else prices["all-4"]["trained"] for arm in arms]
        means = [fmean(_of(rows, domain, arm, figure)) for arm in arms]
        axes.plot(sizes, means, "-o", color=color, label=f"{family} layers" if family != "adaptive" else "adaptive")
        for size, arm in zip(sizes, arms, strict=True):
            values = _of(rows, domain, arm, figure)
            axes.plot([size] * len(values), values, ".", color=color, markersize=3, alpha=0.7)


def _by_powers(axes: Axes, written: Callable[[float, int], str]) -> None:
    """A logarithmic axis without the small ticks, and without powers in mathematical type."""
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(written)


def _paint_forgetting(figure: Figure, rows: Sequence[Row]) -> None:
    """What was learned against what was lost, a rank at its mean: the better, the nearer to the lower left."""
    panels = figure.subplots(1, len(DOMAINS), squeeze=False)[0]
    for axes, domain in zip(panels, DOMAINS, strict=True):
        bare(axes, "y")
        axes.set_title(f"{TITLES[domain]}: lost on the old text")
        for arm in (each for each in _arms(rows) if _of(rows, domain, each, "new")):
            new, lost = (fmean(_of(rows, domain, arm, name)) for name in ("new", "forgotten"))
            family, _, rank = arm.partition("-")
            named = rank == "1" or not rank.isdigit() or family in ("ffn", "adaptive")
            axes.plot(new, lost, "o", color=_COLORS[family], markersize=4, label=f"{family}" if named else None)
            axes.annotate(rank, (new, lost), (4, 2), textcoords="offset points", color=_COLORS[family], fontsize=8)
        axes.set_xlabel("bits per byte of the new text")
    handles = {text: handle for handle, text in zip(*panels[0].get_legend_handles_labels(), strict=True)}
    panels[-1].legend(handles.values(), handles)


def _paint_rates(figure: Figure, rates: Mapping[str, Any]) -> None:
    panels = figure.subplots(1, len(DOMAINS), squeeze=False)[0]
    names = sorted({arm for found in rates.values() for arm in found}, key=_place)
    for axes, domain in zip(panels, DOMAINS, strict=True):
        bare(axes, "y")
        _by_powers(axes, lambda value, _: f"{value:g}")
        axes.set_xticks([0.003, 0.01, 0.03])
        axes.set_title(f"{TITLES[domain]}: bits by rate")
        for arm, found in sorted(rates[domain].items(), key=lambda item: _place(item[0])):
            color = f"C{names.index(arm)}"
            tried = [(float(rate), loss) for rate, loss in found["tried"].items() if loss is not None]
            axes.plot(*zip(*tried, strict=True), "-o", markersize=3, color=color, label=arm)
            axes.axvline(found["best"], color=color, linewidth=0.6, linestyle=":")
        axes.set_xlabel("learning rate")
    panels[0].legend(fontsize=7, loc="upper left")


def _paint_roles(figure: Figure, rows: Sequence[Row]) -> None:
    left, right = figure.subplots(1, 2)
    for axes, figure_name, title in ((left, "new", "GNU Smalltalk: bits per byte"), (right, "forgotten", "Lost")):
        bare(axes, "x")
        axes.set_title(title)
        arms = [arm for arm in ROLES if _of(rows, "dialect", arm, figure_name)]
        for place, arm in enumerate(arms):
            values = _of(rows, "dialect", arm, figure_name)
            axes.plot(values, [place] * len(values), "o", color="#9aa4ae", markersize=4)
            axes.plot([fmean(values)], [place], "D", color="#0072B2")
        axes.set_yticks(range(len(arms)), arms)
        axes.invert_yaxis()


if __name__ == "__main__":
    run_stage(main)

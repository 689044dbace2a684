"""The page of the corpus: one file that opens offline, where a person sees what was kept, what was dropped, and why."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from llmlab.artifacts.atomic import write_text
from llmlab.viz.corpus_flow import FLOW, SETS, measured
from llmlab.viz.drops import Reason, Specimen
from llmlab.viz.labels import language_label, language_tag, percent, size
from llmlab.viz.results import Results, find, number
from llmlab.viz.template import fill

_TEMPLATE = Path(__file__).with_name("corpus.html")
_STEP_NAMES = {"clean": "cleaning", "dedupe": "deduplication", "decontaminate": "decontamination"}


def write_corpus_page(results: Results, drops: Mapping[str, Sequence[Reason]], path: Path) -> None:
    """Write the page: by language amounts, sources and labels, and every reason with a few of its documents."""
    sections = [_language(results, lang, drops.get(lang, [])) for lang in results.languages]
    body = "\n".join(sections) or "<p class='empty'>No corpus yet.</p>"
    write_text(path, fill(_TEMPLATE, body))


def _language(results: Results, lang: str, drops: Sequence[Reason]) -> str:
    whole = [entry for entry in drops if not entry.fragment]
    parts = [entry for entry in drops if entry.fragment]
    blocks = [
        _amounts(results, lang),
        _sources(results, lang),
        _labels(results, lang),
        _reasons("Documents dropped", whole, number(results.scrape, lang, "documents"), lang),
        _reasons("Parts of documents dropped", parts, None, lang),
    ]
    if not drops:
        blocks.append("<p class='empty'>Nothing was dropped.</p>")
    inner = "\n".join(block for block in blocks if block)
    return f"<section>\n<h2>{escape(language_label(lang))}</h2>\n{inner}\n</section>"


def _amounts(results: Results, lang: str) -> str:
    steps = [(step, amount) for step in (*FLOW, *SETS) if (amount := measured(results, lang, step))]
    widest = max((amount.bytes for _, amount in steps), default=0) or 1
    rows = "\n".join(
        f"<tr><th scope='row'>{escape(step)}</th><td class='number'>{amount.documents:,}</td>"
        f"<td class='number'>{escape(size(amount.bytes))}</td>"
        f"<td class='wide'><span class='bar' style='width:{100 * amount.bytes / widest:.1f}%'></span></td></tr>"
        for step, amount in steps
    )
    return _table("How much there was after each step", ["step", "documents", "size", ""], rows)


def _sources(results: Results, lang: str) -> str:
    found = find(results.scrape, lang, "sources") or {}
    rows = []
    for name in found:
        cleaned = number(results.clean, lang, "by_source", name, "documents_out")
        copies = find(results.dedupe, lang, "by_source", name, "dropped") or {}
        left = number(results.decontaminate, lang, "by_source", name, "documents_out")
        skipped = find(found, name, "skipped") or {}
        removed = number(results.scrape, lang, "removed", name)
        notes = [f"{reason} {count:,}" for reason, count in skipped.items()]
        notes += [f"on the removal list {removed:,.0f}"] if removed else []
        cells = [number(found, name, "documents"), cleaned, sum(copies.values()) if cleaned is not None else None, left]
        numbers = "".join(f"<td class='number'>{'–' if cell is None else f'{cell:,.0f}'}</td>" for cell in cells)
        rows.append(
            f"<tr><th scope='row'>{escape(name)}</th>{numbers}<td class='wide'>{escape(', '.join(notes))}</td></tr>"
        )
    heads = ["source", "found", "clean", "copies", "kept", "left out before"]
    return _table("Where it came from", heads, "\n".join(rows))


def _labels(results: Results, lang: str) -> str:
    titles = {"licences": "Licences", "scripts": "Scripts", "hidden": "Hidden in the texts"}
    lists = []
    for key, title in titles.items():
        counts = find(results.clean, lang, key) or {}
        if counts:
            items = "".join(
                f"<li>{escape(name)} <b>{count:,}</b></li>"
                for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            )
            lists.append(f"<div><h4>{title}</h4><ul>{items}</ul></div>")
    return f"<div class='labels'>{''.join(lists)}</div>" if lists else ""


def _reasons(title: str, drops: Sequence[Reason], of: float | None, lang: str) -> str:
    if not drops:
        return ""
    total = sum(entry.documents for entry in drops)
    share = f" of {of:,.0f} ({percent(total / of)})" if of else ""
    articles = "\n".join(_reason(entry, lang) for entry in drops)
    return f"<h3>{escape(title)}: {total:,}{share}</h3>\n{articles}"


def _reason(entry: Reason, lang: str) -> str:
    shown = min(len(entry.specimens), entry.documents)
    texts = "\n".join(_specimen(each, lang) for each in entry.specimens)
    step = escape(_STEP_NAMES.get(entry.step, entry.step))
    return (
        f"<details class='reason' open>\n<summary><b>{escape(entry.reason)}</b> "
        f"<span>{entry.documents:,} in {step}, {shown} shown</span></summary>\n"
        f"<div class='cells'>\n{texts}\n</div>\n</details>"
    )


def _specimen(each: Specimen, lang: str) -> str:
    tag = language_tag(lang)
    where = " · ".join(part for part in (each.source, each.path, each.licence, f"{each.length:,} characters") if part)
    detail = f"<p class='detail'>{escape(each.detail)}</p>" if each.detail else ""
    text = f"<p class='text' dir='auto'>{escape(each.text)}</p>"
    text = text if each.text.strip() else "<p class='empty'>no text kept</p>"
    kind = "code" if lang == "smalltalk" else "prose"
    attribute = f" lang='{tag}'" if tag else ""
    return f"<article class='cell {kind}'{attribute}><h4>{escape(where)}</h4>{detail}{text}</article>"


def _table(title: str, heads: Sequence[str], rows: str) -> str:
    if not rows:
        return ""
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in heads)
    table = f"<table><thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table>"
    return f"<h3>{escape(title)}</h3>\n<div class='scroll'>{table}</div>"

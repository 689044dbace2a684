"""The page of samples: one file that opens offline, where a person sees the model learn."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from textwrap import dedent

from llmlab.artifacts.atomic import write_text
from llmlab.viz.labels import language_label, language_tag, step_label
from llmlab.viz.samples import Exchange, Method, Sample, Samples, Step
from llmlab.viz.template import fill

_TEMPLATE = Path(__file__).with_name("page.html")


def write_page(samples: Samples, languages: Sequence[str], path: Path) -> None:
    """Write the page: what each step wrote in each language, then chats, then completed methods."""
    sections = [_learning(samples, languages), _chats(samples.chat, languages), _methods(samples.completions)]
    body = "\n".join(section for section in sections if section) or "<p class='empty'>No samples yet.</p>"
    write_text(path, fill(_TEMPLATE, body))


def _learning(samples: Samples, languages: Sequence[str]) -> str:
    if not samples.samples:
        return ""
    shown = [lang for lang in languages if lang in samples.languages()]
    shown += [lang for lang in samples.languages() if lang not in shown]
    rows = "\n".join(_step(samples, step, shown) for step in samples.steps())
    heading = "<h2>Learning to write</h2>\n<p class='lead'>The same prompts at every kept step. "
    legend = "<b class='prompt'>Blue</b> is what it was given, the rest it wrote.</p>"
    return f"<section>\n{heading}{legend}\n{rows}\n</section>"


def _step(samples: Samples, step: Step, languages: Sequence[str]) -> str:
    cells = "\n".join(_cell(samples.at(step, lang), lang) for lang in languages)
    return (
        f"<article class='step'>\n<h3>{escape(step_label(step))}</h3>\n<div class='cells'>\n{cells}\n</div>\n</article>"
    )


def _cell(found: Sequence[Sample], lang: str) -> str:
    texts = "".join(
        f"<p class='text' dir='auto'><b class='prompt'>{escape(sample.prompt)}</b>{escape(sample.text)}</p>"
        for sample in found
    )
    texts = texts or "<p class='empty'>no sample</p>"
    return f"<div class='cell {_kind(lang)}'{_lang(lang)}><h4>{escape(language_label(lang))}</h4>{texts}</div>"


def _chats(chat: Iterable[Exchange], languages: Sequence[str]) -> str:
    by_language: dict[str, list[Exchange]] = {lang: [] for lang in languages}
    for exchange in chat:
        by_language.setdefault(exchange.lang, []).append(exchange)
    columns = "\n".join(_conversation(lang, found) for lang, found in by_language.items() if found)
    if not columns:
        return ""
    lead = "<p class='lead'>First questions of held-out conversations and the chat model's likeliest answer.</p>"
    return f"<section>\n<h2>Chat</h2>\n{lead}\n<div class='cells'>\n{columns}\n</div>\n</section>"


def _conversation(lang: str, found: Iterable[Exchange]) -> str:
    turns = "".join(
        f"<p class='question' dir='auto'>{escape(item.question)}</p>"
        f"<p class='answer' dir='auto'>{escape(item.answer) or '<i>nothing</i>'}</p>"
        for item in found
    )
    return f"<div class='cell {_kind(lang)}'{_lang(lang)}><h4>{escape(language_label(lang))}</h4>{turns}</div>"


def _methods(methods: Sequence[Method]) -> str:
    if not methods:
        return ""
    valid = sum(method.valid for method in methods)
    rows = "\n".join(map(_method, methods))
    lead = f"Held-out signatures; {valid} of these {len(methods)} bodies parse. Below each, what really stood there."
    heading = f"<h2>Smalltalk methods</h2>\n<p class='lead'>{lead}</p>"
    return f"<section>\n{heading}\n<div class='methods'>\n{rows}\n</div>\n</section>"


def _method(method: Method) -> str:
    mark = "<span class='good'>✓ valid</span>" if method.valid else "<span class='bad'>✗ does not parse</span>"
    return (
        f"<article class='method'>\n<header><code>{escape(method.signature)}</code>{mark}</header>\n"
        f"<pre>{_body(method.written)}</pre>\n"
        f"<details><summary>the real method</summary><pre>{_body(method.real)}</pre></details>\n</article>"
    )


def _body(source: str) -> str:
    return escape(dedent(source).strip("\n")) or "<i class='empty'>nothing</i>"


def _kind(lang: str) -> str:
    return "code" if lang == "smalltalk" else "prose"


def _lang(lang: str) -> str:
    tag = language_tag(lang)
    return f" lang='{tag}'" if tag else ""

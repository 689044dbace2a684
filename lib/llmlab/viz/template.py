"""Pages that open offline: a template, the style that all of them share, and what a page has to say."""

from pathlib import Path
from string import Template

_STYLE = Path(__file__).with_name("page.css")


def fill(template: Path, body: str) -> str:
    """The page of a template with `$style` and `$body` filled in; whoever makes the body has escaped it."""
    style = _STYLE.read_text(encoding="utf-8").rstrip("\n")
    return Template(template.read_text(encoding="utf-8")).substitute(style=style, body=body)

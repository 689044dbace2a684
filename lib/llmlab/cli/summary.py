"""`lab summary`: what the last run of the pipeline came to."""

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import METRICS, RUNS, languages


def summary() -> None:
    """Print the numbers, a taste of the text and where everything lies."""
    from llmlab.viz.tables import summary as text_of  # noqa: PLC0415

    names = languages()
    if not METRICS.is_dir():
        raise LabError(f"{METRICS} is missing: nothing has run yet", "run `dvc repro`")
    print(text_of(METRICS, RUNS, names), end="")

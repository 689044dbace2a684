"""The `lab` program: every command under its name."""

from collections.abc import Callable
from typing import Annotated

import typer

from llmlab.cli.adapter import app as adapter
from llmlab.cli.align import align
from llmlab.cli.bench import PASS_ON, bench
from llmlab.cli.chat import chat
from llmlab.cli.clean import clean
from llmlab.cli.compare import compare
from llmlab.cli.compress import compress, decompress
from llmlab.cli.corpus import app as corpus
from llmlab.cli.doctor import doctor
from llmlab.cli.errors import LabGroup
from llmlab.cli.eval import evaluate
from llmlab.cli.forget import forget
from llmlab.cli.leaderboard import leaderboard
from llmlab.cli.note import note
from llmlab.cli.preset import preset
from llmlab.cli.sample import sample
from llmlab.cli.smalltalk import app as smalltalk
from llmlab.cli.summary import summary
from llmlab.cli.sweep import sweep
from llmlab.cli.tokenizer import app as tokenizer
from llmlab.cli.tool import tool
from llmlab.cli.watch import watch

_EXAMPLES: dict[Callable[..., None], str] = {
    sample: "lab sample 'One morning in spring,' --lang english --temperature 0.7 --seed 3, or faster, up to a blank "
    "line: lab sample 'One morning' --int8 --cache static --lookup --stop $'\\n\\n'",
    chat: "lab chat --lang english --once 'What is a variable?', or faster: lab chat --int8 --cache static, or "
    "with tools (docs/TOOLS.md): lab chat --tools calc,search --documents docs",
    tool: "lab tool calc '(2 + 3) * 7', or lab tool search 'who lives in Oslo' --documents docs",
    align: "lab align recipe.yaml --task arithmetic --lang english --out models/aligned",
    note: "lab note --week 2026-W47",
    preset: "lab preset shakespeare-char",
    doctor: "lab doctor",
    watch: "lab watch --every 5",
    sweep: "lab sweep train.lr=0.003..0.03:log5 seed=1..3, or lab sweep model.depth=2,4,6 tokenizer.vocab_size=2048,"
    "4096, or lab sweep --lr-range",
    evaluate: "lab eval models/chat --tasks made,arc-easy --limit 100 --json",
    compare: "lab compare HEAD~1 workspace, or lab compare models/base models/chat --lang english",
    leaderboard: "lab leaderboard workspace HEAD~1 --baseline others.json --out plots/board.html",
    compress: "lab compress notes.txt --model models/base --lang english",
    decompress: "lab decompress notes.txt.llmz --out notes-again.txt",
    bench: "lab bench throughput --device cuda --sizes 124m",
    clean: "lab clean --scratch --cache --dry-run",
    forget: "lab forget owner/name, or lab forget 'Jane Doe' --hide, or lab forget 0123456789abcdef",
    summary: "lab summary",
}

app = typer.Typer(
    cls=LabGroup,
    name="lab",
    epilog="The pipeline itself runs with `dvc repro`. Example: lab sample 'One morning' --lang english",
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def lab(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """A small language-model lab: look at what the pipeline made, talk to it, feed it."""
    if version:
        from importlib.metadata import version as version_of  # noqa: PLC0415

        print(f"llm-lab {version_of('llmlab')}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


for command, example in _EXAMPLES.items():
    passing_on = PASS_ON if command is bench else None
    name = "eval" if command is evaluate else None
    app.command(name, epilog=f"Example: {example}", context_settings=passing_on)(command)
app.add_typer(adapter, name="adapter")
app.add_typer(corpus, name="corpus")
app.add_typer(smalltalk, name="smalltalk")
app.add_typer(tokenizer, name="tokenizer")

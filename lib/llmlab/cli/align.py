"""`lab align`: teach a chat model by what its answers are worth."""

from pathlib import Path
from typing import Annotated

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import CHAT, TOKENIZER, languages, stage_of


def align(  # noqa: PLR0913 - one argument per option
    recipe: Annotated[Path, typer.Argument(help="YAML of one run: method, reward, group, preference, train.")],
    *,
    out: Annotated[Path, typer.Option(help="The new model's folder.")],
    task: Annotated[list[str], typer.Option(help="Task whose questions are asked, and whose grader is the reward.")],
    model: Annotated[Path, typer.Option(help="The model that it starts from.")] = CHAT,
    tokenizer: Annotated[Path, typer.Option(help="Tokenizer folder.")] = TOKENIZER,
    lang: Annotated[list[str] | None, typer.Option(help="Language to ask in; by default all of the project.")] = None,
    questions: Annotated[int, typer.Option(min=1, help="Questions to learn from, per task and language.")] = 500,
    held_out: Annotated[int, typer.Option(min=1, help="Questions that the best weights are chosen by.")] = 50,
    seed: Annotated[int, typer.Option(help="The same seed ends with the same weights.")] = 1,
) -> None:
    """Align a chat model to the graders of tasks: by DPO, GRPO, the best of its own answers, or demonstrations."""
    from llmlab.cli.aligning import Asked, align_chat  # noqa: PLC0415

    if out.exists():
        raise LabError(f"{out} is there already", "name another folder with `--out`, or move that one away")
    asked = Asked(tuple(task), tuple(lang or languages()), {"train": questions, "val": held_out})
    curve = align_chat(recipe, asked, model=model, stage=stage_of(model), tokenizer=tokenizer, out=out, seed=seed)
    first, last = (-curve[place]["val_loss"] for place in (0, -1))
    print(f"{out}: mean reward of the likeliest held-out answers {first:.3f} at first, {last:.3f} at last")
    print(f"try `lab chat --model {out}`")

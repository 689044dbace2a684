"""A small model taught to call tools, and what it does with them: right, needless, disabled, absent and lying ones.

    python bench/tools.py
    lab bench tools --steps 1200 --seed 1 --seed 2 --json figures.json

Trains a model of bytes on synthetic traces of `tasks/` (calculator, search, Python, Smalltalk, chains of two, and
questions that need none; English and Chinese) through the one training loop, the results of tools masked. Then asks
held-out questions, whose names and numbers it has not seen, five times over:

- with the real tools: the right tools in the right order, the right arguments to the letter, the right answer;
- what needs no tool: how often it calls one all the same;
- disabled: the tags cannot be drawn, so that it answers by itself;
- absent: every call is answered by `error: there is no tool`, which the answer should say;
- lying: the last result is another one, and the answer should follow it.

Every share has its 95 % bootstrap interval over questions. `--out FOLDER` keeps the model for `lab chat --tools`.
"""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from llmlab.artifacts.atomic import atomic_folder
from llmlab.decode.calls import Answer, Calling, Run, generate_calling
from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.bootstrap import mean_interval
from llmlab.instruct.base import as_row
from llmlab.instruct.calls import traced, traced_examples
from llmlab.model.checkpoint import parameters_of, save_model
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.runtime.device import machine_facts, set_threads
from llmlab.runtime.seed import numpy_generator, torch_generator
from llmlab.shards.batches import PackedSource
from llmlab.shards.chat import all_batches, chat_source
from llmlab.tasks.base import Example, exact_match
from llmlab.tasks.traced import LANGUAGES, has_failed, trace_of
from llmlab.tasks.traced_table import TRACED
from llmlab.tokenizer.base import Tokenizer, save_tokenizer, tokenizer_hash
from llmlab.tokenizer.byte import make_byte
from llmlab.tokenizer.chat import encode_prompt
from llmlab.tokenizer.special import END, EOS
from llmlab.tools.base import answer_call
from llmlab.tools.python import can_contain
from llmlab.tools.table import TOOL_NAMES, make_tools
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train

NEEDLESS = "no-calls"
_CARD = "# {name}\n\nA model of {parameters:,} parameters that was taught to call tools, by `lab bench tools`.\n"


def rows_of(wanted: str, count: int, words: Tokenizer, context: int, seed: int) -> PackedSource:
    """Traces of one set as rows of the loop."""
    groups = traced_examples(list(TRACED), LANGUAGES, wanted, count, seed)
    rows = (as_row(each) for group in groups.values() for each in traced(group, seed))
    return chat_source(words, rows, context, seed)


def taught(words: Tokenizer, shape: ModelConfig, config: TrainConfig, count: int, seed: int) -> tuple[Transformer, Any]:
    """A model trained on `count` traces of each task and language."""
    model = Transformer(shape, words.vocab_size, torch_generator(seed, "init"))
    source = rows_of("train", count, words, shape.context, seed)
    validation = all_batches(rows_of("val", 10, words, shape.context, seed), config.rows)
    with tempfile.TemporaryDirectory() as scratch:
        outcome = train(model, source, validation, config, scratch=Path(scratch) / "run", name="tools")
    return model.eval(), outcome


def answers(model: Transformer, calling: Calling, examples: Sequence[Example]) -> list[Answer]:
    """The likeliest answers, the tools as `calling` has them."""
    words = calling.tokenizer
    stop = {words.special[END], words.special[EOS]}
    prompts = [encode_prompt(words, each.lang, [{"role": "user", "content": each.prompt}]) for each in examples]
    return generate_calling(
        model, prompts, SamplingConfig(temperature=0, max_new=100), torch_generator(1, "unused"), calling,
        stop=stop, banned=set(words.special.values()) - stop,
    )  # fmt: skip


def lying(examples: Sequence[Example]) -> Run:
    """Tools that say what the trace says, and at its last step something else."""
    traces = [trace_of(each) for each in examples]
    asked = [0] * len(traces)

    def run(row: int, _: str, __: str) -> str:
        asked[row] += 1
        steps = traces[row].steps
        return steps[asked[row] - 1].result if asked[row] < len(steps) else traces[row].lie

    return run


def marks(
    words: Tokenizer, given: Sequence[Answer], examples: Sequence[Example], right: Callable[[Example, str], bool]
) -> list[float]:
    """1 for each answer that is right."""
    return [float(right(each, words.decode(got.said))) for each, got in zip(examples, given, strict=True)]


def as_told(example: Example, text: str) -> bool:
    """Whether an answer follows the lie."""
    return exact_match(trace_of(example).lied, text)


def is_right(example: Example, text: str) -> bool:
    return exact_match(example.answer, text)


def asked(model: Transformer, words: Tokenizer, examples: Sequence[Example], real: Run) -> dict[str, list[float]]:
    """All marks of one task's questions."""
    calling = Calling(tokenizer=words, names=TOOL_NAMES, run=real)
    given = answers(model, calling, examples)
    found = {"answer": marks(words, given, examples, is_right)}
    if examples[0].task == NEEDLESS:
        return found | {"called": [float(bool(got.calls)) for got in given]}
    steps = [trace_of(each).steps for each in examples]
    pairs = [(list(each), got.calls) for each, got in zip(steps, given, strict=True)]
    found["tool"] = [float([s.tool for s in want] == [c.tool for c in got]) for want, got in pairs]
    found["arguments"] = [float([s[:2] for s in want] == [c[:2] for c in got]) for want, got in pairs]
    disabled = answers(model, replace(calling, names=()), examples)
    found["disabled"] = marks(words, disabled, examples, is_right)
    absent = answers(model, replace(calling, run=lambda _, tool, text: answer_call({}, tool, text)), examples)
    found["absent"] = marks(words, absent, examples, lambda each, text: has_failed(text, each.lang))
    lied = answers(model, replace(calling, run=lying(examples)), examples)
    found["lying"] = marks(words, lied, examples, as_told)
    return found


def measured(model: Transformer, words: Tokenizer, count: int, seed: int) -> dict[str, dict[str, dict[str, float]]]:
    """Mean, interval and number of questions of every mark, by task."""
    groups = traced_examples(list(TRACED), LANGUAGES, "test", count, seed)
    documents = [text for group in groups.values() for each in group for text in trace_of(each).documents]
    tools = make_tools(TOOL_NAMES, list(dict.fromkeys(documents)))
    figures = {}
    for name, examples in groups.items():
        found = asked(model, words, examples, lambda _, tool, argument: answer_call(tools, tool, argument))
        figures[name] = {mark: share(values, seed) for mark, values in found.items()}
    return figures


def share(values: Sequence[float], seed: int) -> dict[str, float]:
    low, high = mean_interval(values, numpy_generator(seed, "bootstrap"))
    return {"mean": sum(values) / len(values), "low": low, "high": high, "questions": len(values)}


def keep(model: Transformer, words: Tokenizer, out: Path, seed: int) -> None:
    """Model and tokenizer in folders that `lab chat` reads."""
    with atomic_folder(out / "tokenizer") as folder:
        save_tokenizer(words, folder)
    card = _CARD.format(name=out.name, parameters=parameters_of(model))
    with atomic_folder(out / "model") as folder:
        save_model(model, folder, tokenizer_hash(words), {"seed": seed}, card)


def lines(figures: dict[str, dict[str, dict[str, float]]]) -> str:
    names = ("tool", "arguments", "answer", "disabled", "absent", "lying", "called")
    head = f"{'':>16}" + "".join(f"{name:>18}" for name in names)
    rows = [head]
    for task, found in figures.items():
        cells = [
            f"{100 * found[n]['mean']:4.0f} [{100 * found[n]['low']:3.0f}, {100 * found[n]['high']:3.0f}]"
            if n in found
            else ""
            for n in names
        ]
        rows.append(f"{task:>16}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join(rows)


def main(  # noqa: PLR0913 - one argument per option
    steps: Annotated[int, typer.Option(help="updates")] = 1200,
    rows: Annotated[int, typer.Option(help="rows of an update")] = 8,
    depth: Annotated[int, typer.Option(help="layers")] = 2,
    width: Annotated[int, typer.Option(help="width, a multiple of 32")] = 64,
    traces: Annotated[int, typer.Option(help="training traces of each task and language")] = 600,
    questions: Annotated[int, typer.Option(help="test questions of each task and language")] = 25,
    seed: Annotated[list[int] | None, typer.Option(help="seeds, one model each")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads")] = 1,
    out: Annotated[Path | None, typer.Option(help="keep the first seed's model in this new folder")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write all figures here")] = None,
) -> None:
    set_threads(threads)
    words = make_byte(LANGUAGES, tools=True)
    shape = ModelConfig(depth=depth, width=width, head_size=32, context=256, ffn="relu2", smear=3)
    config = TrainConfig(
        steps=steps, rows=rows, optimizer="muon", lr=5e-3, warmup=min(50, steps - 1), threads=threads,
        validate_every=max(1, steps // 10), checkpoint_every=10_000, keep="last",
    )  # fmt: skip
    if not can_contain():
        print("bubblewrap does not work here: calls of python will fail, which counts as wrong answers")
    found: dict[str, Any] = {}
    for each in seed or [1]:
        started = time.monotonic()
        model, outcome = taught(words, shape, config, traces, each)
        seconds = time.monotonic() - started
        figures = measured(model, words, questions, each)
        found[str(each)] = {"tasks": figures, "seconds": seconds, "loss": outcome.curve[-1]["val_loss"]}
        print(f"seed {each}: {parameters_of(model):,} parameters, {seconds:.0f} s of training\n{lines(figures)}")
        if out is not None and each == (seed or [1])[0]:
            keep(model, words, out, each)
        if json_file is not None:
            setting = {"steps": steps, "rows": rows, "depth": depth, "width": width, "traces": traces}
            facts = {"parameters": parameters_of(model), "machine": machine_facts()}
            json_file.write_text(json.dumps({"setting": setting, "seeds": found, **facts}, indent=1))


if __name__ == "__main__":
    typer.run(main)

"""Write what each stage's code amounts to, so that an edit reruns exactly the stages that can feel it."""

from pathlib import Path

from llmlab.artifacts.atomic import write_json
from llmlab.pipeline.closure import fingerprint
from llmlab.pipeline.stage import run_stage


def main(*, stages: Path, library: Path, out: Path) -> None:
    for script in sorted(stages.glob("*.py")):
        if script.name != Path(__file__).name:
            write_json(out / script.with_suffix(".json").name, fingerprint(script.resolve(), library.resolve()))


if __name__ == "__main__":
    run_stage(main)

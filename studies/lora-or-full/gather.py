"""The texts of the study as ids: `python gather.py --cache ../../.cache/downloads --texts texts --out texts.json`."""

from pathlib import Path

from domains import TextsConfig, write_texts

from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section
from llmlab.pipeline.stage import run_stage


def main(*, cache: Path, texts: Path, out: Path) -> None:
    """Read every source and learn the tokenizer."""
    config = load_section(Path("params.yaml"), "texts", TextsConfig)
    write_metrics(out, {"tokens": write_texts(config, cache, texts)})


if __name__ == "__main__":
    run_stage(main)

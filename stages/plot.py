"""Draw what the other stages measured: pictures, data for DVC's own plots, and the pages."""

from pathlib import Path

from llmlab.artifacts.params import load_value
from llmlab.pipeline.stage import PARAMS, run_stage
from llmlab.viz.along import draw_along
from llmlab.viz.bits import draw_bits
from llmlab.viz.board import evaluation_board
from llmlab.viz.code import draw_code
from llmlab.viz.corpus_flow import draw_corpus
from llmlab.viz.corpus_page import write_corpus_page
from llmlab.viz.curves import draw_loss, draw_training
from llmlab.viz.drops import read_drops
from llmlab.viz.fertility import draw_tokenizer
from llmlab.viz.leaderboard import write_leaderboard
from llmlab.viz.pages import write_page
from llmlab.viz.records import write_records
from llmlab.viz.results import read_results
from llmlab.viz.samples import read_samples


def main(*, metrics: Path, samples: Path, dropped: Path, dedup: Path, decontaminated: Path, out: Path) -> None:
    languages = load_value(PARAMS, "languages", list[str])
    results = read_results(metrics, languages)
    draw_loss(results, out / "loss.png")
    draw_training(results, out / "training.png")
    draw_bits(results, out / "bits_per_byte.png")
    draw_corpus(results, out / "corpus.png")
    draw_tokenizer(results, out / "tokenizer.png")
    draw_code(results, out / "smalltalk.png")
    draw_along(results, out / "smalltalk_steps.png")
    write_leaderboard(evaluation_board(results), results.evaluation.get("contamination", {}), out / "leaderboard.html")
    write_page(read_samples(samples), languages, out / "samples.html")
    write_corpus_page(results, read_drops(dropped, dedup, decontaminated), out / "corpus.html")
    write_records(results, out)


if __name__ == "__main__":
    run_stage(main)

"""Every picture: drawn, full, repeatable, and drawn with whatever is missing."""

import json
import shutil

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from llmlab.viz import bits, theme
from llmlab.viz.along import draw_along
from llmlab.viz.bits import draw_bits, milestones
from llmlab.viz.code import draw_code
from llmlab.viz.corpus_flow import draw_corpus
from llmlab.viz.curves import draw_loss, draw_training
from llmlab.viz.fertility import draw_tokenizer
from llmlab.viz.results import read_results
from tests.viz.made import make_project, write

FIGURES = {
    "loss": draw_loss,
    "training": draw_training,
    "bits_per_byte": draw_bits,
    "corpus": draw_corpus,
    "tokenizer": draw_tokenizer,
    "smalltalk": draw_code,
    "smalltalk_steps": draw_along,
}


def ink(path):
    """Share of the pixels that are not the background."""
    pixels = np.asarray(Image.open(path).convert("L"), dtype=float)
    return float((pixels < 250).mean())


@pytest.mark.parametrize("name", FIGURES)
def test_a_picture_is_drawn_full_and_the_same_twice(name, project, tmp_path):
    languages = ["smalltalk", "english", "chinese"]
    for copy in ("a", "b"):
        FIGURES[name](read_results(project / "metrics", languages), tmp_path / f"{copy}.png")
    image = Image.open(tmp_path / "a.png")
    assert image.width > 900
    assert image.height > 300
    assert ink(tmp_path / "a.png") > 0.02
    assert np.asarray(image.convert("L")).std() > 10
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize(
    "languages", [["chinese"], ["smalltalk", "english", "chinese", "french", "korean", "russian", "a", "b", "c"]]
)
def test_any_number_of_languages(name, languages, tmp_path):
    root = make_project(tmp_path, languages)
    FIGURES[name](read_results(root / "metrics", languages), tmp_path / "a.png")
    assert ink(tmp_path / "a.png") > 0.01


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("languages", [["smalltalk", "english"], None])
def test_an_empty_metrics_folder_gives_pictures_that_say_so(name, languages, tmp_path):
    (tmp_path / "metrics").mkdir()
    FIGURES[name](read_results(tmp_path / "metrics", languages), tmp_path / "a.png")
    assert ink(tmp_path / "a.png") > 0


def every_part(tree, path=()):
    for key, value in tree.items():
        yield (*path, key)
        if isinstance(value, dict) and len(path) < 2:
            yield from every_part(value, (*path, key))


def without(tree, path):
    copy = json.loads(json.dumps(tree))
    part = copy
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = None
    return copy


@pytest.mark.parametrize("draw", [draw_bits, draw_code, draw_along])
def test_any_part_of_the_evaluation_may_be_missing(draw, project, monkeypatch):
    monkeypatch.setattr(theme, "DPI", 30)
    path, picture = project / "metrics" / "eval.json", project / "a.png"
    whole = json.loads(path.read_text())
    read = {
        draw_bits: ("bits_per_byte", "difference", "milestones"),
        draw_code: ("smalltalk", "tasks"),
        draw_along: ("smalltalk", "milestones"),
    }[draw]
    parts = [*every_part({key: whole[key] for key in read})]
    assert len(parts) > 20
    # The tops all, of the deeper parts every thirteenth: each is a picture to draw.
    for part in [part for number, part in enumerate(parts) if len(part) == 1 or number % 13 == 0]:
        write(path, without(whole, part))
        draw(read_results(project / "metrics", ["smalltalk", "english", "chinese"]), picture)
        assert ink(picture) > 0.01


@pytest.mark.parametrize(
    "gone", ["scrape", "clean", "dedupe.json", "decontaminate.json", "split.json", "tokenizer.json"]
)
def test_any_file_of_the_corpus_may_be_missing(gone, project):
    path = project / "metrics" / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    results = read_results(project / "metrics", ["smalltalk", "english", "chinese"])
    draw_corpus(results, project / "a.png")
    draw_tokenizer(results, project / "a.png")


def test_a_curve_of_one_point_and_one_without_numbers(project):
    head = "step\ttokens\ttrain_loss\tval_loss\tlr\tgrad_norm\n"
    curves = project / "metrics" / "curves"
    (curves / "pretrain.tsv").write_text(head + "5\t100\t2.5\t2.4\t0.1\t1.0\n")
    (curves / "sft.tsv").write_text(head + "5\t100\tNone\tnan\t\t\n")
    (curves / "lora.tsv").write_text("step\ttokens\n5\t100\n")
    results = read_results(project / "metrics")
    draw_loss(results, project / "a.png")
    draw_training(results, project / "b.png")
    assert ink(project / "a.png") > 0.01


def test_zero_everywhere(project):
    write(
        project / "metrics" / "tokenizer.json", {"train": {"english": {"bytes_per_token": 0, "single_byte_share": 0.0}}}
    )
    write(project / "metrics" / "split.json", {"english": {"train": {"documents": 0, "bytes": 0}}})
    results = read_results(project / "metrics", ["english"])
    draw_tokenizer(results, project / "a.png")
    draw_corpus(results, project / "b.png")


def test_milestones_are_in_order_of_steps(project):
    assert milestones(read_results(project / "metrics")) == [50, 100, 200, 400, 800, 1200]


def test_the_finished_model_is_a_point_of_the_curve(project):
    results = read_results(project / "metrics")
    axes = Figure().subplots()
    bits._milestones(axes, results, milestones(results))
    final = results.training["pretrain"]["best_step"]
    for lang, line in zip(results.languages, [each for each in axes.lines if each.get_marker() == "o"], strict=True):
        assert (final, results.evaluation["bits_per_byte"]["base"][lang]) in list(zip(*line.get_data(), strict=True))

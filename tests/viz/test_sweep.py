import pytest
from matplotlib.figure import Figure

from llmlab.viz import sweep
from llmlab.viz.sweep import Line, draw_rate_range, draw_sweep


@pytest.fixture
def drawn(monkeypatch):
    """The figure that was painted, without writing it."""
    figures = []

    def paint_only(path, size, paint):
        figures.append(Figure(figsize=size))
        paint(figures[-1])

    monkeypatch.setattr(sweep, "save_picture", paint_only)
    return figures


def line(final=2.0, **point):
    return Line({key.replace("_", "."): value for key, value in point.items()}, [10, 20], [3.0, final], final)


def test_seeds_are_one_colour_and_a_mean(drawn, tmp_path):
    lines = [
        line(final, train_lr=lr, seed=seed) for lr, seed, final in ((0.1, 1, 2), (0.1, 2, 4), (1, 1, 1), (1, 2, 3))
    ]
    draw_sweep(lines, tmp_path / "sweep.png", "val_loss")
    left, right = drawn[0].axes
    assert len({each.get_color() for each in left.lines}) == 2
    assert list(right.lines[0].get_xdata()) == [0.1, 1.0]
    assert list(right.lines[0].get_ydata()) == [3, 2]
    assert right.get_xscale() == "log"
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["0.1", "1"]


def test_two_keys_make_a_line_for_each_value_of_the_second(drawn, tmp_path):
    lines = [line(2, model_depth=depth, train_optimizer=name) for depth in (2, 4) for name in ("adamw", "muon")]
    draw_sweep(lines, tmp_path / "sweep.png", "bits_per_byte")
    right = drawn[0].axes[1]
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["adamw", "muon"]
    assert right.get_xlabel() == "model.depth"


def test_values_that_are_no_numbers_are_named(drawn, tmp_path):
    draw_sweep([line(train_optimizer="adamw"), line(train_optimizer="muon")], tmp_path / "sweep.png", "val_loss")
    assert [label.get_text() for label in drawn[0].axes[1].get_xticklabels()] == ["adamw", "muon"]


def test_a_curve_that_shoots_up_does_not_flatten_the_others(drawn, tmp_path):
    draw_sweep([line(2.0, train_lr=0.1), line(900.0, train_lr=9.0)], tmp_path / "sweep.png", "val_loss")
    assert drawn[0].axes[0].get_ylim()[1] < 4


def test_pictures_are_written(tmp_path):
    draw_sweep([], tmp_path / "empty.png", "val_loss")
    draw_rate_range([0.1, 0.2, 0.3], [3, 2, 4], [3, 2.5, 3], {"suggested": 0.1, "lowest": 0.2}, tmp_path / "range.png")
    assert (tmp_path / "empty.png").stat().st_size > 1000
    assert (tmp_path / "range.png").stat().st_size > 1000

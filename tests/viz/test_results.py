import math

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.viz.corpus_flow import drops, measured
from llmlab.viz.records import bits_records, corpus_records, loss_records, tokenizer_records, write_records
from llmlab.viz.results import find, number, read_curve, read_results


def test_a_missing_folder_names_the_command(tmp_path):
    with pytest.raises(LabError, match="dvc repro"):
        read_results(tmp_path / "metrics")


def test_broken_json_names_the_stage(project):
    (project / "metrics" / "eval.json").write_text("{")
    with pytest.raises(LabError, match="dvc repro -f evaluate"):
        read_results(project / "metrics")


def test_languages_come_from_the_evaluation_without_their_sum(project):
    assert sorted(read_results(project / "metrics").languages) == ["chinese", "english", "smalltalk"]


def test_before_an_evaluation_languages_are_those_scraped(project):
    (project / "metrics" / "eval.json").unlink()
    assert read_results(project / "metrics").languages == ["chinese", "english", "smalltalk"]


def test_number_refuses_what_is_no_finite_number():
    tree = {"a": {"b": 2, "c": None, "d": True, "e": "3", "f": math.inf}}
    assert number(tree, "a", "b") == 2
    assert [number(tree, "a", key) for key in "cdefg"] == [None] * 5
    assert find(tree, "a", "b", "c") is None


def test_the_training_loss_before_the_first_step_is_no_number(project):
    curve = read_curve(project / "metrics" / "curves" / "pretrain.tsv")
    assert math.isnan(curve.columns["train_loss"][0])
    assert len(curve.points("tokens", "train_loss")[0]) == len(curve.columns["step"]) - 1
    losses = curve.columns["val_loss"]
    assert curve.best() == (curve.columns["tokens"][losses.index(min(losses))], min(losses))


def test_corpus_amounts_and_drops_are_those_of_the_files(project):
    results = read_results(project / "metrics")
    assert measured(results, "smalltalk", "raw").documents == 1400
    assert measured(results, "smalltalk", "clean").documents == 1307
    assert measured(results, "klingon", "raw") is None
    found = [(drop.step, drop.reason, drop.documents) for drop in drops(results, "chinese")]
    assert found[0] == ("clean", "too short", 61)
    assert found[-1] == ("decontaminate", "overlaps task arithmetic", 3)
    assert sum(n for step, _, n in found if step == "clean") == 2200 - measured(results, "chinese", "clean").documents


def test_records_are_flat_and_equal_the_metrics(project):
    results = read_results(project / "metrics", ["smalltalk", "english", "chinese"])
    loss = list(loss_records(results))
    assert {(r["stage"], r["set"]) for r in loss} == {
        (s, n) for s in ("pretrain", "sft", "lora") for n in ("train", "val")
    }
    assert loss[0] == {"stage": "pretrain", "set": "train", "step": 60, "tokens": 60 * 4096, "loss": loss[0]["loss"]}
    bits = list(bits_records(results))
    assert {"bar": "english, kneser_ney", "model": "kneser_ney", "lang": "english", "bits_per_byte": 1.809} in bits
    assert {"bar": "all, base", "model": "base", "lang": "all", "bits_per_byte": 1.93} in bits
    assert len(bits) == 12
    assert len(list(corpus_records(results))) == 3 * 7
    assert {"bar": "smalltalk, train", "lang": "smalltalk", "set": "train", "bytes_per_token": 4.1} in list(
        tokenizer_records(results)
    )


def test_record_files_have_the_same_bytes_twice(project):
    for name in ("a", "b"):
        write_records(read_results(project / "metrics"), project / name)
    files = sorted(path.name for path in (project / "a").iterdir())
    assert files == ["bits_per_byte.json", "corpus.json", "loss.json", "tokenizer.json"]
    assert all((project / "a" / name).read_bytes() == (project / "b" / name).read_bytes() for name in files)

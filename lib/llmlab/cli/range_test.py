"""The work of `lab sweep --lr-range`: the test on the project's own data, a table, a picture, a suggestion."""

from pathlib import Path

from llmlab.artifacts.atomic import write_text
from llmlab.artifacts.params import load_section, load_value
from llmlab.cli.holders import scratch_root
from llmlab.cli.project import PARAMS, TOKENIZER
from llmlab.model.config import ModelConfig
from llmlab.shards.batches import evaluation_batches
from llmlab.shards.format import read_shard
from llmlab.tokenizer.base import tokenizer_hash
from llmlab.tokenizer.special import PAD
from llmlab.tokenizer.table import load_tokenizer
from llmlab.train.config import TrainConfig
from llmlab.train.rate_range import RateRange, rate_range
from llmlab.train.setup import make_source, pass_rows
from llmlab.train.trial import Trial
from llmlab.viz.sweep import draw_rate_range

_SHARDS = Path("data/shards")


def range_test(out: Path, steps: int, up_to: float) -> None:
    """Test the model and the data of the project, and print what to set.

    Raises:
        LabError: no data yet, or as `rate_range`.
    """
    seed = load_value(PARAMS, "seed", int)
    config, shape = load_section(PARAMS, "train", TrainConfig), load_section(PARAMS, "model", ModelConfig)
    words = load_tokenizer(TOKENIZER)
    sets = {name: read_shard(_SHARDS / name, tokenizer_hash(words)) for name in ("train", "val")}
    trial = Trial(model=shape, train=config, vocab_size=words.vocab_size, seed=seed)
    source = make_source(sets["train"], config, shape, seed, words.special[PAD])
    validation = evaluation_batches(sets["val"], shape.context, pass_rows(config), False)[:1]
    scratch = scratch_root() / "lr-range" / "run"
    found = rate_range(trial, source, validation, steps=steps, up_to=up_to, scratch=scratch)
    _write(out, found, config)
    _tell(found, config)
    print(f"{out}/lr_range.csv, lr_range.png")


def _write(out: Path, found: RateRange, config: TrainConfig) -> None:
    rows = zip(found.multiples, found.losses, found.smooth, strict=True)
    lines = [
        f"{config.lr * times:.6g},{config.muon_lr * times:.6g},{loss:.5f},{mean:.5f}" for times, loss, mean in rows
    ]
    write_text(out / "lr_range.csv", "\n".join(["lr,muon_lr,loss,smoothed", *lines]) + "\n")
    rates = [config.lr * times for times in found.multiples]
    marks = {"suggested": config.lr * found.suggested, "lowest loss": config.lr * found.lowest}
    draw_rate_range(rates, found.losses, found.smooth, marks, out / "lr_range.png")


def _tell(found: RateRange, config: TrainConfig) -> None:
    def named(times: float) -> str:
        muon = f", muon_lr {config.muon_lr * times:.3g}" if config.optimizer == "muon" else ""
        return f"lr {config.lr * times:.3g}{muon} ({times:.2g} times the present)"

    if found.ended:
        print(f"the test ended at {named(found.multiples[-1])}: {found.ended}")
    print(f"lowest smoothed loss {min(found.smooth):.3f} at {named(found.lowest)}")
    if found.bounded:
        print(f"suggested: {named(found.suggested)}; check it with a sweep, a short test only brackets it")
    else:
        print("the loss was still falling at the end: no bound was found, repeat with a larger `--up-to`")

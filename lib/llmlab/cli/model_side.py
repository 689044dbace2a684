"""What a model folder says of itself: its facts, its loss on the test set, and text from given prompts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import read_json
from llmlab.artifacts.params import to_dict
from llmlab.cli.project import TOKENIZER, stage_of
from llmlab.cli.revision import Revision, flat
from llmlab.cli.writer import Writer, load_writer
from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.bits_per_byte import score_model
from llmlab.model.checkpoint import parameters_of
from llmlab.shards.format import read_shard
from llmlab.tokenizer.base import tokenizer_hash
from llmlab.tokenizer.special import language_token

_TEST = Path("data/shards/test")


def read_model(folder: Path, prompts: Mapping[str, str], seed: int, max_new: int) -> Revision:
    """A model folder as a side of a comparison; the tokenizer is the one beside it, else the project's.

    Raises:
        LabError: the model or its tokenizer is missing, broken, or one does not fit the other.
    """
    beside = folder.parent / "tokenizer"
    sampling = SamplingConfig(temperature=0.8, top_p=0.95, max_new=max_new)
    writer = load_writer(model=folder, tokenizer=beside if beside.is_dir() else TOKENIZER, sampling=sampling)
    training = read_json(folder / "training.json", stage_of(folder))
    facts: dict[str, Any] = {key: value for key, value in training.items() if _is_number(value) and key != "seed"}
    scores, why = _scores(writer)
    return Revision(
        name=str(folder),
        metrics={"parameters": parameters_of(writer.model), **facts, **scores},
        params=dict(flat(to_dict(writer.model.config), "model")),
        samples=_samples(writer, prompts, seed),
        why=why,
        languages=list(prompts),
    )


def _scores(writer: Writer) -> tuple[dict[str, float], str]:
    """Bits per byte by language of the project's test set, or why there is none."""
    try:
        shard = read_shard(_TEST, tokenizer_hash(writer.tokenizer))
    except LabError as error:
        return {}, f"bits per byte not measured: {error.problem}"
    scored = score_model(writer.model, shard)
    values = {lang: scored.of(lang).bits_per_byte() for lang in sorted(set(shard.languages))}
    return {f"bits_per_byte.{lang}": round(value, 4) for lang, value in values.items()}, ""


def _samples(writer: Writer, prompts: Mapping[str, str], seed: int) -> list[Mapping[str, Any]]:
    known = {lang: text for lang, text in prompts.items() if language_token(lang) in writer.tokenizer.special}
    return [
        {"lang": lang, "prompt": text, "text": "".join(writer.continued(lang, text, seed))}
        for lang, text in known.items()
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

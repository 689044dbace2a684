"""Kind to tokenizer: adding one is a file of its own and a line in each function here, or in `DOMAINS`."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from llmlab.artifacts.errors import LabError, missing_file
from llmlab.artifacts.manifest import check_version, hash_bytes, read_json
from llmlab.tokenizer.base import TOKENIZER_VERSION, Tokenizer, TokenizerConfig
from llmlab.tokenizer.bpe import BpeTokenizer, train_bpe
from llmlab.tokenizer.byte import ByteTokenizer, make_byte
from llmlab.tokenizer.char import CharTokenizer, train_char
from llmlab.tokenizer.curriculum import train_domain
from llmlab.tokenizer.domain import Domain, DomainTokenizer
from llmlab.tokenizer.hybrid import HybridDomain
from llmlab.tokenizer.logs import LogsDomain
from llmlab.tokenizer.rails import RailsDomain
from llmlab.tokenizer.smalltalk import SmalltalkDomain
from llmlab.tokenizer.spm import SpmTokenizer, UnigramTokenizer, train_spm, train_unigram
from llmlab.tokenizer.superbpe import SuperBpeTokenizer, train_superbpe
from llmlab.tokenizer.wordpiece import WordPieceTokenizer, train_wordpiece

_STAGE = "train_tokenizer"
DOMAINS: dict[str, Domain] = {
    domain.kind: domain for domain in (SmalltalkDomain(), HybridDomain(), LogsDomain(), RailsDomain())
}


def train_tokenizer(texts: Iterable[str], config: TokenizerConfig, languages: Sequence[str]) -> Tokenizer:
    """Train the kind that the config names; errors as in that kind's `train_…`."""
    if config.kind == "char":
        return train_char(texts, languages, config.tools)
    if config.kind == "byte":
        return make_byte(languages, config.tools)
    if config.kind in DOMAINS:
        return train_domain(DOMAINS[config.kind], texts, config, languages)
    learners: dict[str, Callable[[Iterable[str], TokenizerConfig, Sequence[str]], Tokenizer]] = {
        "spm": train_spm,
        "unigram": train_unigram,
        "bpe": train_bpe,
        "superbpe": train_superbpe,
        "wordpiece": train_wordpiece,
    }
    return learners[config.kind](texts, config, languages)


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer stored in a folder.

    Raises:
        LabError: missing, truncated or changed files, an unknown kind or format version.
    """
    facts = read_json(folder / "tokenizer.json", _STAGE)
    remedy = f"run `dvc repro -f {_STAGE}`, which writes it"
    check_version(facts.get("version"), TOKENIZER_VERSION, folder / "tokenizer.json", remedy)
    path = folder / "tokenizer.model"
    if not path.exists():
        raise missing_file(path, _STAGE)
    model = path.read_bytes()
    if hash_bytes(model) != facts.get("model_sha256"):
        raise LabError(f"{path} is truncated or changed: its sha256 is not the one in tokenizer.json", remedy)
    kinds: dict[str, Callable[[bytes], Tokenizer]] = {
        "spm": SpmTokenizer,
        "unigram": UnigramTokenizer,
        "bpe": BpeTokenizer,
        "superbpe": SuperBpeTokenizer,
        "wordpiece": WordPieceTokenizer,
        "byte": ByteTokenizer,
        "char": CharTokenizer,
    }
    if facts.get("kind") in DOMAINS:
        return DomainTokenizer(DOMAINS[facts["kind"]], model)
    if facts.get("kind") not in kinds:
        raise LabError(f"{folder} holds a tokenizer of the unknown kind {facts.get('kind')!r}", remedy)
    return kinds[facts["kind"]](model)

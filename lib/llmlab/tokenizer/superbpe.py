"""BPE whose last merges may cross spaces: tokens of several words, such as ` of the` or `^ self`.

SuperBPE (Liu et al. 2025, arXiv 2503.13423): first learn words, cut as in kind `bpe`, then lift the cuts and go on
learning on whole lines. Learned in one go without cuts, merges such as `e ` + `t` would take the place of words. A text
is then encoded line by line with all merges, so this is kind `bpe` with another way to learn.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.bpe import BpeTokenizer, count_pieces, grow, learn_tokens
from llmlab.tokenizer.ranks import RankModel
from llmlab.tokenizer.special import special_tokens
from llmlab.tokenizer.splits import splitter

_LINE = "line"


class SuperBpeTokenizer(BpeTokenizer):
    """See `bpe.BpeTokenizer`."""

    kind = "superbpe"


def train_superbpe(texts: Iterable[str], config: TokenizerConfig, languages: Sequence[str]) -> SuperBpeTokenizer:
    """Learn words, then for the last `config.superwords` of the merges what stands side by side in a line.

    Raises:
        LabError: no text at all, or too little for the vocabulary asked for.
    """
    special = special_tokens(languages, config.tools)
    wanted = config.vocab_size - len(special)
    lines = count_pieces(texts, splitter(_LINE))
    words = _words_of(lines, config.split)
    tokens = learn_tokens(words, wanted - round(max(wanted - 256, 0) * config.superwords), config.max_piece_length)
    early = BpeTokenizer(RankModel(split=_LINE, tokens=tuple(tokens), special=()).to_bytes())
    grow(tokens, early.encode_batch(list(lines)), list(lines.values()), wanted, config.max_piece_length)
    return SuperBpeTokenizer(RankModel(split=_LINE, tokens=tuple(tokens), special=tuple(special)).to_bytes())


def _words_of(lines: Counter[str], split: str) -> Counter[str]:
    pieces = splitter(split)
    words: Counter[str] = Counter()
    for line, number in lines.items():
        for piece in pieces(line):
            words[piece] += number
    return words

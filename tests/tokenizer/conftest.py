"""Strings that tokenizers trip over."""

import random

import pytest

from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.special import special_tokens
from llmlab.tokenizer.table import train_tokenizer

# First and last code point of blocks: controls, Latin, combining marks, Greek to Arabic, Devanagari, Thai, Hangul jamo,
# punctuation and spaces, symbols and box drawing, kana, Chinese, Hangul, private use, forms, specials, emoji, tags.
BLOCKS = [
    (0x00, 0x1F), (0x20, 0x7E), (0x7F, 0xFF), (0x300, 0x36F), (0x370, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F),
    (0x1100, 0x11FF), (0x2000, 0x206F), (0x2190, 0x25FF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),
    (0xE000, 0xE0FF), (0xFE00, 0xFEFF), (0xFFF0, 0xFFFF), (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF), (0xE0000, 0xE007F),
]  # fmt: skip
PIECES = [
    "\u2581", "\u2581\u2581", "\0", "\r\n", "\n\n\n", "\r", "\t\t", " ", "    ", "\u3000", "\u00a0", "\u2028", "\ufeff",
    "\u2585", "\u2047", "\ufffd", "<unk>", "<s>", "</s>", "<0x0A>", "<0x00>", "e\u0301", "👨‍👩‍👧‍👦", "🇨🇳", "👍🏽",
    "balance", " every evening", "从前", "12345", "subclass: #A", "'", '"',
]  # fmt: skip


@pytest.fixture(scope="session")
def specials():
    return special_tokens(["smalltalk", "english", "chinese"])


@pytest.fixture(scope="session")
def strings(specials):
    """10,000 strings of up to 24 parts: characters of all scripts, whitespace runs, traps, special tokens' names."""
    random_ = random.Random(20)

    def part():
        kind = random_.random()
        if kind < 0.25:
            return random_.choice(PIECES)
        if kind < 0.3:
            return random_.choice(specials)
        if kind < 0.35:
            return random_.choice(" \n\t\u2581\0") * random_.randrange(1, 30)
        low, high = random_.choice(BLOCKS)
        return chr(random_.randint(low, high))

    made = ["".join(part() for _ in range(random_.randrange(25))) for _ in range(10_000)]
    return ["", *PIECES, *specials, *(" " * n for n in range(20)), *made][:10_000]


@pytest.fixture(scope="session")
def prose():
    """Texts of made-up words, Chinese signs and code, enough for some hundred merges."""
    draw = random.Random(7)
    syllables = "ba con der el fi gra hu ing jo ka lo mer ne on pre qui ro st tion un ver wa ex y zu".split()
    words = ["".join(draw.choices(syllables, k=draw.randrange(1, 4))) for _ in range(300)]
    signs = [chr(0x4E00 + 37 * step) for step in range(60)]
    code = "ifTrue: [ ^ self balance ] ifFalse: [ 12345 printString ]. Transcript showCr: 'it''s'; cr.\n"
    english = [" ".join(draw.choices(words, k=12)).capitalize() + ".\n" for _ in range(120)]
    chinese = ["".join(draw.choices(signs, k=draw.randrange(2, 9))) + draw.choice("，。") for _ in range(300)]
    return ["".join(english), "".join(code[draw.randrange(20) :] for _ in range(40)), "".join(chinese)]


@pytest.fixture(scope="session")
def bpe(prose):
    config = TokenizerConfig(kind="bpe", vocab_size=700)
    return train_tokenizer(prose, config, ["smalltalk", "english", "chinese"])

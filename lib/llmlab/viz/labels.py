"""Names and numbers as people read them."""

import unicodedata

_NATIVE = {
    "arabic": "العربية",
    "chinese": "中文",
    "french": "français",
    "german": "Deutsch",
    "japanese": "日本語",
    "korean": "한국어",
    "portuguese": "português",
    "russian": "русский",
    "spanish": "español",
}
_TAGS = {
    "arabic": "ar",
    "chinese": "zh-Hans",
    "english": "en",
    "french": "fr",
    "german": "de",
    "japanese": "ja",
    "korean": "ko",
    "portuguese": "pt",
    "russian": "ru",
    "spanish": "es",
}
MODELS = {
    "base": "base model",
    "model": "base model",
    "chat": "chat model",
    "kneser_ney": "Kneser-Ney 5-gram",
    "ceiling": "real text",
}
STAGES = {"pretrain": "Pretraining", "sft": "Instruction tuning (SFT)", "lora": "Adapter (LoRA)"}


def language_label(lang: str) -> str:
    """A language's name, with its own script beside it where that differs: `chinese 中文`."""
    return f"{lang} {_NATIVE[lang]}" if lang in _NATIVE else lang


def language_tag(lang: str) -> str:
    """The HTML `lang` value, by which a browser picks glyphs; empty (unknown) for code."""
    return _TAGS.get(lang, "")


def step_label(step: int | str) -> str:
    """`step 1,200`, or the name of a stage without a number: `final`."""
    return f"step {step:,}" if isinstance(step, int) else step


def compact(value: float) -> str:
    """A count in few digits: 950, 1.2 k, 34 k, 1.2 M."""
    return _scaled(value, ("", " k", " M", " G", " T"))


def size(value: float) -> str:
    """Bytes in few digits, decimal units: 950 B, 1.2 kB, 34 MB."""
    return _scaled(value, (" B", " kB", " MB", " GB", " TB"))


def percent(share: float | None) -> str:
    """A share as a percentage; a dash when there is none."""
    if share is None:
        return "–"
    digits = 0 if share in (0, 1) or abs(share) >= 0.1 else 1
    return f"{100 * share:.{digits}f} %"


def decimal(value: float | None, digits: int = 3) -> str:
    """A number with fixed decimals; a dash when there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 3) -> str:
    """A difference with its sign (a real minus, not a hyphen); a dash when there is none."""
    return "–" if value is None else f"{value:+.{digits}f}".replace("-", "−")


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """`[−0.42, −0.18]`, or nothing when an end is unknown."""
    return "" if low is None or high is None else f"[{signed(low, digits)}, {signed(high, digits)}]"


def columns_of(text: str) -> int:
    """How many columns of a terminal a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """The text filled up with blanks to `width` terminal columns; `right` puts it at the right edge."""
    blanks = " " * max(0, width - columns_of(text))
    return blanks + text if right else text + blanks


def shortened(text: str, width: int) -> str:
    """The text on one line of at most `width` terminal columns, with an ellipsis where it was cut."""
    line = " ".join(text.split())
    if columns_of(line) <= width:
        return line
    while columns_of(line) > width - 1:
        line = line[:-1]
    return line.rstrip() + "…"


def _scaled(value: float, units: tuple[str, ...]) -> str:
    place = 0
    # 999.5 rounds to four digits: move on a little early.
    while abs(value) >= 999.5 and place < len(units) - 1:
        value, place = value / 1000, place + 1
    digits = 1 if place and abs(value) < 9.95 else 0
    return f"{value:.{digits}f}{units[place]}"

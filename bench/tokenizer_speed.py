"""Byte-level BPE beside the libraries, in one go: the same merges, the same ids, and how long each takes.

    python bench/tokenizer_speed.py                        on the bundled texts
    LLMLAB_MIRROR=DIR python bench/tokenizer_speed.py      also on the texts of the mirror, and with the ranks of
                                                           GPT-2, GPT-4 and GPT-4o in its folder `tokenizers`

Learns 1,000 tokens from 1 MB (ours, the plain version, HF `tokenizers`) and 8,192 from 20 MB (ours, HF), all from the
text onwards. Encodes what was left out with ours, the plain version, HF and tiktoken. Compares ids on 10,000 strings of
all scripts with both libraries. Targets: 1,000 on 1 MB in 5 s, 8,192 on 20 MB within 3 times HF, encoding within 5
times tiktoken. Every library runs on one thread, and seconds are processor time, which a busy machine distorts less
than the clock. Prints one JSON object a part; a ratio above 1 means that ours takes longer.
"""

import gzip
import json
import os
import random
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import tiktoken
import typer

from llmlab.runtime.device import machine_facts
from llmlab.tokenizer import bpe, merges
from llmlab.tokenizer.bpe import BpeTokenizer, count_pieces, encode_plainly, learn_tokens
from llmlab.tokenizer.export import to_hf
from llmlab.tokenizer.ranks import RankModel, read_ranks
from llmlab.tokenizer.splits import pattern_of, splitter

ROOT = Path(__file__).resolve().parent.parent
RANKS = {"gpt2": "gpt2", "cl100k_base": "cl100k", "o200k_base": "o200k"}
MB = 1_000_000
LONGEST = 10**6


def main(
    seed: Annotated[int, typer.Option(help="of the strings")] = 1,
    strings: Annotated[int, typer.Option(help="strings whose ids are compared")] = 10_000,
    learn_bytes: Annotated[int, typer.Option(help="of the larger text to learn from")] = 20 * MB,
) -> None:
    os.environ["RAYON_NUM_THREADS"] = "1"  # read by HF when it first runs
    texts = list(read_texts())
    told({"machine": machine_facts(), "texts_mb": round(sum(len(text.encode()) for text in texts) / MB, 2)})
    learning, held_out = deal(texts, learn_bytes)
    small, _ = deal(texts, MB)
    told(learn_small(small))
    trained, figures = learn_large(learning)
    told(figures)
    told({"encoding with what was learned": encode_speeds(trained, *libraries(trained), held_out)})
    made = list(make_strings(strings, seed, texts))
    folder = Path(os.environ.get("LLMLAB_MIRROR", "no mirror")) / "tokenizers"
    for name, split in RANKS.items():
        if (folder / f"{name}.tiktoken").is_file():
            tokens = tuple(read_ranks(folder / f"{name}.tiktoken"))
            model = BpeTokenizer(RankModel(split=split, tokens=tokens, special=()).to_bytes())
            others = libraries(model)
            told({name: {**same_ids(model, *others, made), **encode_speeds(model, *others, held_out)}})


def told(part: dict[str, Any]) -> None:
    print(json.dumps(part, ensure_ascii=False), flush=True)


# -- texts


def read_texts() -> Iterator[str]:
    """Files of about 4 kB to some MB, languages in turn, so that any beginning holds all of them."""
    roots = [ROOT / "data/bundled" / lang for lang in ("smalltalk", "english", "chinese")]
    if "LLMLAB_MIRROR" in os.environ:
        roots += [Path(os.environ["LLMLAB_MIRROR"]) / lang for lang in ("en", "zh")]
    waiting = [sorted(path for path in root.rglob("*") if path.is_file()) for root in roots]
    for place in range(max(map(len, waiting))):
        for paths in waiting:
            if place < len(paths):
                yield from parts(read_text(paths[place]))


def read_text(path: Path) -> str:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = data.decode("utf-8")
    if ".jsonl" not in path.name:
        return text
    return "\n".join(json.dumps(json.loads(line), ensure_ascii=False) for line in text.splitlines() if line)


def parts(text: str, size: int = 50_000) -> Iterator[str]:
    """A long text in parts that end with a line."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + size) + 1 or len(text)
        yield text[start:end]
        start = end


def deal(texts: list[str], wanted: int) -> tuple[list[str], list[str]]:
    """Texts of `wanted` bytes (or nine tenths of all, if that is less), evenly spread, and 2 MB of the others."""
    total = sum(len(text.encode()) for text in texts)
    share = min(0.9, wanted / total)
    kept: list[str] = []
    others: list[str] = []
    for place, text in enumerate(texts):
        (kept if int((place + 1) * share) > int(place * share) else others).append(text)
    random.Random(0).shuffle(others)
    some: list[str] = []
    while others and sum(len(text.encode()) for text in some) < 2 * MB:
        some.append(others.pop())
    return kept, some


def make_strings(count: int, seed: int, texts: list[str]) -> Iterator[str]:
    """Of up to 24 parts: characters of every block that Python's Unicode has, blanks, snippets of the texts."""
    draw = random.Random(seed)
    blocks: dict[int, list[str]] = {}
    for code in range(0x110000):
        if unicodedata.category(chr(code)) not in ("Cs", "Cn"):
            blocks.setdefault(code >> 8, []).append(chr(code))
    pool = list(blocks.values())
    for _ in range(count):
        kinds: list[Callable[[], str]] = [
            lambda: draw.choice(draw.choice(pool)),
            lambda: draw.choice(pool[0]),
            lambda: draw.choice(" \n\t\r\u3000'") * draw.randrange(1, 5),
            lambda: snippet(draw, texts),
            lambda: "".join(draw.choices(draw.choice(pool), k=draw.randrange(1, 9))),
        ]
        yield "".join(draw.choice(kinds)() for _ in range(draw.randrange(1, 25)))


def snippet(draw: random.Random, texts: list[str]) -> str:
    text = draw.choice(texts)
    start = draw.randrange(max(1, len(text) - 12))
    return text[start : start + draw.randrange(1, 12)]


# -- learning


def learn_small(texts: list[str]) -> dict[str, Any]:
    """1,000 tokens from 1 MB."""
    counted, counting = timed(lambda: count_pieces(texts, splitter("gpt2")))
    words = [piece.encode().translate(bpe.RANK_OF_BYTE) for piece in counted]
    arguments = (words, list(counted.values()), [1] * 256, 744, LONGEST)
    ours, fast = timed(lambda: merges.learn_merges(*arguments))
    plainly, plain = timed(lambda: bpe.learn_merges(*arguments))
    theirs, hf = timed(lambda: hf_tokens(texts, 1000))
    tokens = learn_tokens(counted, 1000, LONGEST)
    return {
        "learn 1,000 tokens": {
            "mb": megabytes(texts),
            "seconds": round(counting + fast, 2),
            "plain_seconds": round(counting + plain, 2),
            "hf_seconds": round(hf, 2),
            "plain_merges_equal": ours == plainly,
            "hf_tokens_equal": tokens == theirs,
            "met": counting + fast < 5,
        }
    }


def learn_large(texts: list[str]) -> tuple[BpeTokenizer, dict[str, Any]]:
    """8,192 tokens from 20 MB, all ours, and the same by HF."""
    tokens, seconds = timed(lambda: learn_tokens(count_pieces(texts, splitter("gpt2")), 8192, LONGEST))
    theirs, hf = timed(lambda: hf_tokens(texts, 8192))
    figures = {
        "mb": megabytes(texts),
        "seconds": round(seconds, 2),
        "hf_seconds": round(hf, 2),
        "ratio": round(seconds / hf, 2),
        "hf_tokens_equal": tokens == theirs,
        "met": seconds < 3 * hf,
    }
    model = RankModel(split="gpt2", tokens=tuple(tokens), special=())
    return BpeTokenizer(model.to_bytes()), {"learn 8,192 tokens": figures}


def hf_tokens(texts: list[str], size: int) -> list[bytes]:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: PLC0415

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, show_progress=False, initial_alphabet=alphabet, min_frequency=2, max_token_length=LONGEST
    )
    made.train_from_iterator(texts, trainer)
    characters = {character: byte for byte, character in bpe_characters().items()}
    names = sorted(made.get_vocab().items(), key=lambda item: item[1])
    return [bytes(characters[character] for character in name) for name, _ in names]


def bpe_characters() -> dict[int, str]:
    return {byte: chr(byte if place < 188 else 256 + place - 188) for place, byte in enumerate(bpe.BYTE_ORDER)}


# -- encoding


def libraries(model: BpeTokenizer) -> tuple[tiktoken.Encoding, Any]:
    """The same vocabulary in tiktoken and in HF."""
    from tokenizers import Tokenizer  # noqa: PLC0415

    pattern = pattern_of(model.model.split)
    theirs = tiktoken.Encoding("given", pat_str=pattern, mergeable_ranks=model.ranks, special_tokens={})
    return theirs, Tokenizer.from_str(json.dumps(to_hf(model)))


def same_ids(model: BpeTokenizer, theirs: tiktoken.Encoding, hf: Any, strings: list[str]) -> dict[str, Any]:
    """On how many strings the ids differ from those of each library and of the plain version."""
    pieces = splitter(model.model.split)
    ours = model.encode_batch(strings)
    return {
        "strings": len(strings),
        "differ_from_tiktoken": sum(a != theirs.encode_ordinary(b) for a, b in zip(ours, strings, strict=True)),
        "differ_from_hf": sum(a != b.ids for a, b in zip(ours, hf.encode_batch(strings), strict=True)),
        "differ_from_plain": sum(
            a != encode_plainly(b, model.ranks, pieces) for a, b in zip(ours, strings, strict=True)
        ),
        "not_exact": sum(model.decode(a) != b for a, b in zip(ours, strings, strict=True)),
    }


def encode_speeds(model: BpeTokenizer, theirs: tiktoken.Encoding, hf: Any, texts: list[str]) -> dict[str, Any]:
    """MB/s on texts that nothing was learned from; each way is timed three times in turn, and the best taken."""
    pieces = splitter(model.model.split)
    few = texts[: max(1, len(texts) // 10)]
    ways: dict[str, Callable[[], Any]] = {
        "ours": lambda: model.encode_batch(texts),
        "tiktoken": lambda: [theirs.encode_ordinary(text) for text in texts],
        "hf": lambda: [hf.encode(text, add_special_tokens=False).ids for text in texts],
        "plain": lambda: [encode_plainly(text, model.ranks, pieces) for text in few],
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(3):
        for name, run in ways.items():
            best[name] = min(best[name], timed(run)[1])
    speeds = {name: megabytes(few if name == "plain" else texts) / seconds for name, seconds in best.items()}
    ids = model.encode_batch(texts)
    _, decoding = timed(lambda: [model.decode(each) for each in ids])
    return {
        "encode_mb_s": {name: round(speed, 2) for name, speed in speeds.items()},
        "ratio_to_tiktoken": round(speeds["tiktoken"] / speeds["ours"], 2),
        "plain_ratio_to_tiktoken": round(speeds["tiktoken"] / speeds["plain"], 2),
        "decode_mb_s": round(megabytes(texts) / decoding, 2),
        "bytes_per_token": round(megabytes(texts) * MB / sum(map(len, ids)), 3),
        "met": speeds["tiktoken"] < 5 * speeds["ours"],
    }


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    found = run()
    return found, time.process_time() - start


def megabytes(texts: list[str]) -> float:
    return round(sum(len(text.encode()) for text in texts) / MB, 3)


if __name__ == "__main__":
    typer.run(main)

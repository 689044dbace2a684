"""A made-up project folder: every metrics file in the form its stage writes it."""

import json
import math
from dataclasses import asdict, fields
from pathlib import Path

from llmlab.artifacts.documents import Document, make_document, write_rows

LANGUAGES = ["smalltalk", "english", "chinese"]
DROPPED = [*(field.name for field in fields(Document)), "stage", "reason", "detail", "fragment"]
HOSTILE = "<script>alert('x')</script> & <b>bold</b> \u202e\x07"


def write(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, sort_keys=True), encoding="utf-8")


def make_project(root: Path, languages=LANGUAGES, better: float = 0.0) -> Path:
    """A whole project after a run; `better` lowers the base model's losses."""
    (root / "params.yaml").write_text(
        f"seed: 1\nlanguages: [{', '.join(languages)}]\ntrain:\n  lr: {3e-3 - better / 100}\n  steps: 400\n",
        encoding="utf-8",
    )
    metrics = root / "metrics"
    write_corpus(metrics, languages)
    write_training(metrics, better)
    write(metrics / "eval.json", evaluation(languages, better))
    write(root / "data" / "samples.json", samples(languages))
    write_dropped(root / "data", languages)
    return root


def sources_of(documents: int) -> dict:
    counts = {"documents": documents, "characters": 9, "bytes": 9, "skipped": {"binary file": 3}}
    return {"sources": {"made": counts}, "removed": {"made": 2}}


def labels_of(documents: int) -> dict:
    by_source = {"made": {"documents_in": documents, "documents_out": documents - 93, "dropped": {"too short": 93}}}
    return {
        "fragments_dropped": {},
        "by_source": by_source,
        "licences": {"MIT": 7, "CC0-1.0": 9},
        "scripts": {},
        "hidden": {"email": 4},
    }


def write_dropped(data: Path, languages) -> None:
    """Five too short and a broken method by language, a hostile one among them; a copy; nothing contaminated."""
    texts = {"chinese": "春天来了，花园里的花都开了。", "smalltalk": "foo ^self bar"}
    for lang in languages:
        rows = [row(lang, f"{number} {texts.get(lang, HOSTILE)}", "clean", "too short") for number in range(5)]
        rows.append(row(lang, "broken ^^", "clean", "broken method", detail="line 1", fragment=True))
        write_rows(data / "dropped" / f"{lang}.parquet", DROPPED, rows)
    write_rows(data / "dedup" / "dropped.parquet", DROPPED, [row(languages[0], "x" * 900, "dedupe", "near copy")])
    write_rows(data / "decontaminated" / "dropped.parquet", DROPPED, [])


def row(lang: str, text: str, stage: str, reason: str, detail: str = "", fragment: bool = False) -> dict[str, str]:
    facts = {"lang": lang, "kind": "prose", "source": "made", "group": "g", "license": "MIT", "path": f"{lang}/1"}
    more = {"stage": stage, "reason": reason, "detail": detail, "fragment": "yes" if fragment else "no"}
    return {**asdict(make_document(text=text, **facts)), **more}


def write_corpus(metrics: Path, languages) -> None:
    split, dedupe, decontaminate, tokenizer = {}, {}, {}, {}
    for place, lang in enumerate(languages):
        raw, size = 1400 + 400 * place, 3_100_000 - 700_000 * (place % 3)
        write(metrics / "scrape" / f"{lang}.json", {"documents": raw, "bytes": size, **sources_of(raw)})
        dropped = {"too short": 61, "broken methods only": 22, "wrong language": 9 + place, "secret found": 1}
        clean = {
            "documents_in": raw,
            "documents_out": raw - 93 - place,
            "bytes_in": size,
            "bytes_out": int(size * 0.91),
        }
        write(metrics / "clean" / f"{lang}.json", {**clean, "dropped": dropped, **labels_of(raw)})
        left = raw - 93 - place - 180
        drops = {"exact copy": 40, "near copy": 140}
        dedupe[lang] = {
            "documents_in": left + 180,
            "documents_out": left,
            "bytes_out": int(size * 0.7),
            "dropped": drops,
        }
        gone = {"overlaps task arithmetic": 3} if place else {}
        out = left - sum(gone.values())
        decontaminate[lang] = {
            "documents_in": left,
            "documents_out": out,
            "bytes_out": int(size * 0.69),
            "dropped": gone,
        }
        split[lang] = {
            name: {"documents": int(out * share), "bytes": int(size * 0.69 * share)}
            for name, share in (("train", 0.9), ("val", 0.05), ("test", 0.05))
        }
        tokenizer[lang] = {
            "bytes_per_token": 4.1 - 0.5 * (place % 3),
            "tokens_per_character": [0.26, 0.3, 0.9][place % 3],
            "single_byte_share": 0.02 + 0.03 * (place % 3),
        }
    write(metrics / "dedupe.json", dedupe)
    write(metrics / "decontaminate.json", decontaminate)
    write(metrics / "split.json", split)
    val = {
        lang: {**figures, "bytes_per_token": figures["bytes_per_token"] - 0.3} for lang, figures in tokenizer.items()
    }
    write(metrics / "tokenizer.json", {"vocab_size": 4096, "train": tokenizer, "val": val})


def write_training(metrics: Path, better: float) -> None:
    for stage, start, floor, steps in (
        ("pretrain", 8.3, 2.6 - better, 1200),
        ("sft", 2.9, 1.7, 160),
        ("lora", 1.9, 1.5, 80),
    ):
        rows = ["step\ttokens\ttrain_loss\tval_loss\tlr\tgrad_norm"]
        val = 0.0
        for step in range(0, steps + 1, steps // 20):
            done = step / steps
            train = floor + (start - floor) * math.exp(-5 * done) + 0.04 * math.sin(step)
            val = floor + 0.1 + (start - floor) * math.exp(-5 * done) + 0.35 * max(0.0, done - 0.8)
            rate = 0.003 * min(1.0, done / 0.1) * (1 - done * 0.95)
            norm = 0.2 + 9 * math.exp(-12 * done) + 0.05 * math.cos(step)
            rows.append(f"{step}\t{step * 4096}\t{train if step else 0.0:.6f}\t{val:.6f}\t{rate:.8f}\t{norm:.5f}")
        (metrics / "curves").mkdir(parents=True, exist_ok=True)
        (metrics / "curves" / f"{stage}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        facts = {"steps": steps, "tokens": steps * 4096, "train_loss": floor, "val_loss": round(floor + 0.11, 4)}
        more = {"parameters": 3_456_789} if stage == "pretrain" else {}
        facts |= {"last_val_loss": round(val, 4), "best_step": steps - steps // 20, "stopped_early": False}
        write(metrics / f"{stage}.json", {**facts, **more})


def evaluation(languages, better: float) -> dict:
    base = {lang: round(1.31 + 0.62 * (place % 3) - better, 4) for place, lang in enumerate(languages)}
    leads = {lang: [-0.214, 0.121, -0.021][place % 3] for place, lang in enumerate(languages)}
    grams = {lang: round(base[lang] - leads[lang], 4) for lang in languages}
    table = {"base": base, "chat": {lang: round(v + 0.09, 4) for lang, v in base.items()}, "kneser_ney": grams}
    table = {name: {**values, "all": round(sum(values.values()) / len(values), 4)} for name, values in table.items()}
    steps = [50, 100, 200, 400, 800, 1200]
    tasks = [
        f"{task}/{lang}" for task in ("arithmetic", "copy", "last-word") for lang in languages if lang != "smalltalk"
    ]
    return {
        "bits_per_byte": table,
        "perplexity": table,
        "difference": {lang: {"mean": v, "low": v - 0.04, "high": v + 0.045} for lang, v in leads.items()},
        "milestones": {
            str(step): {"bits_per_byte": {lang: base[lang] + 3 * math.exp(-step / 220) for lang in languages}}
            for step in steps
        },
        "smalltalk": smalltalk(steps),
        "contamination": {
            name: {"examples": 100, "dropped": 3, "examples_touched": 2, "examples_whole": 1, "left": 0}
            for name in tasks
        },
        "text": {
            lang: {
                who: {
                    **{"distinct_2": 0.8 + 0.05 * n, "distinct_3": 0.9 + 0.03 * n, "copied": 0.05 * (2 - n)},
                    **{"runs_50": 400, "memorised_50": 0.03 * (1 - n / 2), "toxic": 0.0},
                }
                for n, who in enumerate(("model", "kneser_ney", "ceiling"))
            }
            for lang in languages
            if lang != "smalltalk"
        },
        "tasks": {
            name: {"examples": 100, "chat": 0.2 + 0.1 * (n % 8), "base": 0.04, "commonest": 0.06, "ceiling": 1.0}
            for n, name in enumerate(tasks)
        },
        "instructions": {
            "base": {"bugs": 2.9, "chat": 3.3},
            "chat": {"bugs": 1.4, "chat": 2.2},
            "adapter bugs": {"bugs": 1.3, "chat": None},
        },
    }


def smalltalk(steps=()) -> dict:
    def row(valid, low, high, copied, likeness, overlap):
        figures = {"completions": 100, "valid": valid, "valid_low": low, "valid_high": high, "cut_off": (1 - valid) / 2}
        figures |= {"sound_of_all": valid / 2, "known": 0.9, "understood": valid if overlap else None}
        figures |= {"copied": copied, "copied_long": copied / 6, "distinct": 0.93, "median_length": 14}
        return {**figures, "exact": likeness / 5, "edit_similarity": likeness, "selector_overlap": overlap}

    return {
        "temperature": 0.8,
        "model": row(0.62, 0.522, 0.709, 0.21, 0.31, 0.24),
        "kneser_ney": row(0.23, 0.158, 0.322, 0.16, 0.19, None),
        "ceiling": {**row(0.99, 0.946, 0.998, 0.12, 1.0, 1.0), "exact": 1.0, "cut_off": 0.0},
        "cloze": {who: {"top_1": 0.4, "top_5": 0.8} for who in ("model", "kneser_ney", "commonest", "chance")},
        "classes": {
            who: {"methods_valid": 0.9 - n / 5, "names_sound": 0.4, "self_sends": 0.7, "memorised_50": 0.01}
            for n, who in enumerate(("ceiling", "model", "kneser_ney"))
        },
        "along": {
            str(step): {
                "completions": 24,
                "valid": n / 9,
                "sound_of_all": n / 12,
                "understood": None if n == 0 else 0.8,
            }
            for n, step in enumerate([*steps, "final"])
        },
        "correlation": {"valid": {"r": -0.97, "checkpoints": 7}, "understood": {"r": None, "checkpoints": 6}},
    }


_WRITTEN = {
    "smalltalk": ("Object subclass: Point {\n", "  x := y at: 1.\n  ^ self copy value: x\n}\n\nPoint >> x [\n\t^ x\n]"),
    "english": ("The old man", " went down to the sea, and there he saw a great ship with three white sails upon it."),
    "chinese": ("春天来了", "，花园里的花都开了，孩子们在树下唱歌。"),
}
_BABBLE = {
    "smalltalk": "at at: ^^ ]  self self . [:e",
    "english": " the the of, aa tof e  thhe sn",
    "chinese": "的的，。不的一。。是",
}


def samples(languages) -> dict:
    rows = []
    for step in (50, 200, 1200, "final"):
        for lang in languages:
            prompt, text = _WRITTEN.get(lang, ("Bonjour", " tout le monde, il fait beau."))
            rows.append(
                {"step": step, "lang": lang, "prompt": prompt, "text": _BABBLE.get(lang, "xx") if step == 50 else text}
            )
    chat = [
        {"lang": "english", "question": "What is the capital of France?", "answer": "The capital of France is Paris."},
        {"lang": "english", "question": HOSTILE, "answer": ""},
        {"lang": "chinese", "question": "你好，你叫什么名字？", "answer": "你好！我叫小实验。"},
    ]
    completions = [
        {
            "signature": "asArray",
            "written": "\t^ self collect: [ :each | each ]",
            "real": "\t^ Array withAll: self",
            "valid": True,
        },
        {
            "signature": "at: index put: value",
            "written": "\t^ self at: [ index",
            "real": "\titems at: index put: value",
            "valid": False,
        },
        {
            "signature": "< other",
            "written": "\t^ x < other x and: [ y < other y ]",
            "real": "\t^ x < other x",
            "valid": True,
        },
    ]
    return {"samples": rows, "chat": [row for row in chat if row["lang"] in languages], "completions": completions}

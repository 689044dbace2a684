"""One report: every model against its ceiling and its baselines, as plain numbers."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from llmlab.artifacts.metrics import rounded
from llmlab.corpus.dialogue import text_to_messages
from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.bits_per_byte import Scored, score_model, scored_from
from llmlab.evals.bootstrap import difference_interval
from llmlab.evals.completion import Completion, spread
from llmlab.evals.config import EvaluateConfig
from llmlab.evals.diversity import CopyDetector, distinct
from llmlab.evals.memorisation import measure_memorisation
from llmlab.evals.subject import Subject
from llmlab.evals.toxicity import measure_toxicity
from llmlab.evals.writing import Writer, answers, model_writer, ngram_writer
from llmlab.model.transformer import Transformer
from llmlab.runtime.precision import compute_dtype
from llmlab.runtime.seed import numpy_generator

Report = dict[str, Any]
_PROMPT_CHARACTERS = {"chinese": 30}
_WRITTEN_CHARACTERS = 400


def bits_per_byte(subject: Subject, config: EvaluateConfig, seed: int) -> Report:
    """Bits per byte and perplexity by language of base, chat and n-gram, and the base's lead with its interval."""
    dtype = compute_dtype(config.precision, subject.device)
    documents = range(len(subject.test.starts))
    scores = {
        "base": score_model(subject.base, subject.test, dtype),
        "chat": score_model(subject.chat, subject.test, dtype),
        "kneser_ney": scored_from(
            [subject.baseline.log_probabilities(subject.test.document(index)) for index in documents], subject.test
        ),
    }
    generator = numpy_generator(seed, "bootstrap")
    difference = {}
    for lang in subject.languages:
        ours, theirs = scores["base"].of(lang), scores["kneser_ney"].of(lang)
        low, high = difference_interval(ours, theirs, generator)
        mean = ours.bits_per_byte() - theirs.bits_per_byte()
        difference[lang] = {"mean": rounded(mean, 4), "low": rounded(low, 4), "high": rounded(high, 4)}
    return {
        "bits_per_byte": {name: _by_language(score, subject.languages) for name, score in scores.items()},
        "perplexity": {
            name: {lang: rounded(score.of(lang).perplexity(), 3) for lang in subject.languages}
            for name, score in scores.items()
        },
        "bits_per_character": _by_character(scores, subject),
        "difference": difference,
    }


def milestones(subject: Subject, config: EvaluateConfig) -> Report:
    """Bits per byte by language at each kept step."""
    dtype = compute_dtype(config.precision, subject.device)
    return {
        str(step): {"bits_per_byte": _by_language(score_model(model, subject.test, dtype), subject.languages)}
        for step, model in subject.milestones.items()
    }


def text(subject: Subject, config: EvaluateConfig, seed: int) -> Report:
    """Variety, copying and toxic words of continued prose, by language, beside the n-gram and the real texts."""
    sampling = SamplingConfig(temperature=config.temperature, top_p=config.top_p, max_new=config.max_new)
    report: Report = {}
    for lang in subject.languages:
        prompts, real = _halves(subject, lang, config.texts)
        if not prompts:
            continue
        detector = CopyDetector((d.text for d in subject.train_documents if d.lang == lang), lang)
        writers: dict[str, Writer] = {
            "model": model_writer(subject.base, subject.tokenizer, lang, sampling, seed),
            "kneser_ney": ngram_writer(subject.baseline, subject.tokenizer, lang, sampling, seed),
        }
        written = {name: writer(prompts, None) for name, writer in writers.items()} | {"ceiling": real}
        copied = measure_memorisation(written, subject.tokenizer, subject.training_ids)
        report[lang] = {
            name: {
                "distinct_2": distinct(t, lang, 2),
                "distinct_3": distinct(t, lang, 3),
                "copied": detector.copied(t),
                **copied[name],
                **measure_toxicity(t, lang),
            }
            for name, t in written.items()
        }
    return report


def samples(subject: Subject, config: EvaluateConfig, completions: Sequence[Completion], seed: int) -> Report:
    """What the model writes: at each milestone from the same prompts, in chat, and in completed methods."""
    sampling = SamplingConfig(temperature=config.temperature, top_p=config.top_p, max_new=120)
    stages: list[tuple[int | str, Transformer]] = [*subject.milestones.items(), ("final", subject.base)]
    rows = [
        {"step": step, "lang": lang, "prompt": prompt, "text": _continued(model, subject, lang, prompt, sampling, seed)}
        for step, model in stages
        for lang, prompt in config.sample_prompts.items()
        if lang in subject.languages
    ]
    shown = [
        {"signature": c.prompt.signature, "written": c.body, "real": c.prompt.body, "valid": c.valid}
        for c in spread(completions, 24)
    ]
    return {"samples": rows, "chat": _chats(subject), "completions": shown}


def _continued(
    model: Transformer, subject: Subject, lang: str, prompt: str, sampling: SamplingConfig, seed: int
) -> str:
    return model_writer(model, subject.tokenizer, lang, sampling, seed)([prompt], None)[0]


def _chats(subject: Subject) -> list[dict[str, str]]:
    """The chat model's answers to the first questions of held-out conversations."""
    rows = []
    for lang in subject.languages:
        dialogues = [d.text for d in subject.test_documents if d.lang == lang and d.kind == "dialogue"]
        questions = [text_to_messages(text)[0]["content"] for text in dialogues[:8]]
        written = answers(subject.chat, subject.tokenizer, lang, questions, 80)
        rows += [{"lang": lang, "question": q, "answer": a} for q, a in zip(questions, written, strict=True)]
    return rows


def _by_language(score: Scored, languages: Sequence[str]) -> dict[str, float]:
    values = {lang: rounded(score.of(lang).bits_per_byte(), 4) for lang in languages}
    return {**values, "all": rounded(score.bits_per_byte(), 4)}


def _by_character(scores: Mapping[str, Scored], subject: Subject) -> Report:
    """Bits per character by model and language: the bits of the texts over their characters instead of bytes."""
    characters = {document.id: len(document.text) for document in subject.test_documents}
    lengths = np.array([characters.get(name, 0) for name in subject.test.document_ids])
    languages = np.array(subject.test.languages)
    report: Report = {name: {} for name in scores}
    for lang in subject.languages:
        size, of_language = int(lengths[languages == lang].sum()), {n: s.of(lang) for n, s in scores.items()}
        for name, score in of_language.items():
            report[name][lang] = rounded(score.nats.sum() / (math.log(2) * size), 4) if size else math.nan
    return report


def _halves(subject: Subject, lang: str, count: int) -> tuple[list[str], list[str]]:
    """Beginnings of held-out prose and what really follows them."""
    room = _PROMPT_CHARACTERS.get(lang, 100)
    texts = [d.text for d in subject.test_documents if d.lang == lang and d.kind in ("prose", "verse")]
    chosen = [text for text in texts if len(text) > 3 * room][:count]
    cuts = [_word_end(text, room) for text in chosen]
    pairs = list(zip(chosen, cuts, strict=True))
    return [text[:cut] for text, cut in pairs], [text[cut : cut + _WRITTEN_CHARACTERS] for text, cut in pairs]


def _word_end(text: str, room: int) -> int:
    """Where the last whole word within `room` characters ends; a cut inside a word would be cut into odd tokens."""
    space = text.rfind(" ", 0, room)
    return space if space > 0 else room

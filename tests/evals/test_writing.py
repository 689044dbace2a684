import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.kneser_ney import KneserNey
from llmlab.evals.subject import Subject
from llmlab.evals.writing import answers, model_writer, ngram_writer
from llmlab.tokenizer.chat import encode_prompt, opening
from llmlab.tokenizer.special import BOS, EOS, USER

WARM = SamplingConfig(temperature=0.9, top_p=0.95, max_new=12)
COLD = SamplingConfig(temperature=0, max_new=12)


@pytest.mark.parametrize("lang", ["english", "chinese"])
def test_a_seed_and_a_language_fix_what_the_model_writes(subject: Subject, lang: str) -> None:
    prompts = ["The fox", "河边", "A"]

    def write(seed: int) -> list[str]:
        return model_writer(subject.base, subject.tokenizer, lang, WARM, seed)(prompts, None)

    assert write(1) == write(1)
    assert write(1) != write(2)
    assert len(write(1)) == 3


def test_the_coldest_model_takes_the_likeliest_id_that_text_can_have(subject: Subject) -> None:
    special = set(subject.tokenizer.special.values())
    ids = [*opening(subject.tokenizer, "english"), *subject.tokenizer.encode("The fox")]
    start = len(ids)
    while len(ids) - start < COLD.max_new:
        with torch.no_grad():
            scores = subject.base(torch.tensor([ids]))[0, -1]
        scores[sorted(special - {subject.tokenizer.special[EOS]})] = -torch.inf
        best = int(scores.argmax())
        if best == subject.tokenizer.special[EOS]:
            break
        ids.append(best)
    expected = subject.tokenizer.decode(ids[start:])
    assert model_writer(subject.base, subject.tokenizer, "english", COLD, 1)(["The fox"], None) == [expected]


def test_more_prompts_than_one_batch_are_all_answered_in_order(subject: Subject) -> None:
    prompts = [f"{number} foxes" for number in range(45)]
    write = model_writer(subject.base, subject.tokenizer, "english", COLD, 1)
    together = write(prompts, None)
    assert len(together) == 45
    assert [together[0], together[44]] == [write([prompts[0]], None)[0], write([prompts[44]], None)[0]]
    assert len(set(together)) > 1


def sure(subject: Subject, text: str) -> KneserNey:
    """An n-gram that has read one text, many times over, and so goes on with it."""
    ids = [*opening(subject.tokenizer, "english"), *subject.tokenizer.encode(text), subject.tokenizer.special[EOS]]
    return KneserNey([ids] * 40, subject.tokenizer.vocab_size, 5, subject.tokenizer.special[BOS])


@pytest.mark.parametrize("temperature", [0, 0.001, 0.3])
def test_a_cold_n_gram_goes_on_with_what_it_has_read_and_stops_at_its_end(subject: Subject, temperature: float) -> None:
    text = "The fox met a crow by the river."
    write = ngram_writer(
        sure(subject, text), subject.tokenizer, "english", SamplingConfig(temperature=temperature, max_new=60), 1
    )
    assert write([text[:11]], None) == [text[11:]]
    assert write([""], None) == [text]


def test_the_n_gram_is_drawn_at_its_temperature(subject: Subject) -> None:
    """First ids of many draws against the distribution raised to 1/T, special ids left out."""
    words, model = subject.tokenizer, subject.baseline
    prompt = [*opening(words, "english"), *words.encode("The")]
    weights = model.distribution(prompt)
    weights[sorted(set(words.special.values()) - {words.special[EOS]})] = 0
    likeliest = int(weights.argmax())
    shares = []
    for temperature in (2.0, 0.5):
        expected = weights ** (1 / temperature)
        write = ngram_writer(model, words, "english", SamplingConfig(temperature=temperature, max_new=1), 3)
        drawn = write(["The"] * 400, None)
        share = np.mean([text == words.decode([likeliest]) for text in drawn])
        assert share == pytest.approx(expected[likeliest] / expected.sum(), abs=0.07)
        shares.append(share)
    assert shares[1] > shares[0] + 0.05


def test_neither_writer_draws_a_special_token(subject: Subject) -> None:
    """Where the likeliest id by far is one, which would decode to nothing, another one is drawn."""
    words = subject.tokenizer
    fox, crow = words.encode("fox"), words.encode("crow")
    ids = [*opening(words, "english"), *fox, words.special[USER], *crow]
    model = KneserNey([ids] * 40, words.vocab_size, 5, words.special[BOS])
    assert model.distribution(ids[: -len(crow) - 1]).argmax() == words.special[USER]
    once = replace(COLD, max_new=1)
    assert ngram_writer(model, words, "english", once, 1)(["fox"], None) != [""]
    # The tied head gives an id the largest score whose embedding points along the last hidden state.
    eager = copy.deepcopy(subject.base)
    with torch.no_grad():
        hidden = eager.hidden(torch.tensor([[*opening(words, "english"), *fox]]))[0, -1]
        eager.embedding.weight[words.special[USER]] = 10 * hidden
        scores = eager(torch.tensor([[*opening(words, "english"), *fox]]))[0, -1]
    assert scores.argmax() == words.special[USER]
    assert model_writer(eager, words, "english", once, 1)(["fox"], None) != [""]


def test_the_n_gram_ends_when_the_method_is_closed(subject: Subject) -> None:
    """The callback is asked after a token with a bracket in it, about all that was written so far."""
    text = "] a ] b ] c ] d ] e ]"
    asked: list[str] = []

    def closed(_: int, written: str) -> bool:
        asked.append(written)
        return written.count("]") == 3

    config = SamplingConfig(temperature=0.5, max_new=60)
    write = ngram_writer(sure(subject, text), subject.tokenizer, "english", config, 1)
    assert write([""], closed) == ["] a ] b ]"]
    assert asked == ["]", "] a ]", "] a ] b ]"]


def test_the_model_ends_when_the_method_is_closed(subject: Subject) -> None:
    """Up to where it would have gone on otherwise, and asked only after ids that hold a bracket."""
    hot = SamplingConfig(temperature=4.0, max_new=400)
    write = model_writer(subject.base, subject.tokenizer, "smalltalk", hot, 1)
    (whole,) = write(["The"], None)
    assert "]" in whole
    asked: list[str] = []

    def closed(_: int, written: str) -> bool:
        asked.append(written)
        return True

    (cut,) = write(["The"], closed)
    assert asked == [cut]
    assert cut.count("]") >= 1
    assert whole.startswith(cut)
    assert len(cut) < len(whole)


def test_answers_are_the_likeliest_ones_to_one_turn_chats(subject: Subject) -> None:
    questions = ["What is in the bread?", "Who met a crow?"]
    given = answers(subject.chat, subject.tokenizer, "english", questions, 6)
    assert given == answers(subject.chat, subject.tokenizer, "english", questions, 6)
    for question, answer in zip(questions, given, strict=True):
        ids = encode_prompt(subject.tokenizer, "english", [{"role": "user", "content": question}])
        with torch.no_grad():
            scores = subject.chat(torch.tensor([ids]))[0, -1]
        scores[sorted(set(subject.tokenizer.special.values()))] = -torch.inf
        first = subject.tokenizer.decode([int(scores.argmax())])
        assert answer.startswith(first) or answer == ""


def test_no_questions_have_no_answers(subject: Subject) -> None:
    assert answers(subject.chat, subject.tokenizer, "english", [], 6) == []

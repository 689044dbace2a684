import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch

from llmlab.artifacts.documents import Document, make_document
from llmlab.evals.bits_per_byte import OPENING, Scored, score_model, scored_from
from llmlab.model.transformer import Transformer
from llmlab.shards.format import Shard
from llmlab.tokenizer.base import Tokenizer


def documents(texts: Sequence[str]) -> list[Document]:
    return [make_document(lang="english", kind="prose", text=text, source="s", group="g") for text in texts]


SHORT = ["A fox.\n", "The sea was there every evening.", "河边", "A"]
LONG = ["The old lighthouse keeper climbed the stairs every evening, and the fox met a crow by the river. " * 3, *SHORT]


def direct_nats(model: Transformer, ids: np.ndarray, context: int) -> tuple[float, list[int]]:
    """One target at a time, each from the first window that holds it; windows move on by half a context.

    Also returns how many ids each target was predicted from.
    """
    step = context - context // 2
    total, seen = 0.0, []
    for target in range(OPENING, len(ids)):
        start = max(0, math.ceil((target - context) / step)) * step
        row = torch.from_numpy(ids[start:target].astype(np.int64))[None]
        with torch.no_grad():
            total -= float(model(row)[0, -1].double().log_softmax(-1)[int(ids[target])])
        seen.append(target - start)
    return total, seen


def test_short_documents_score_as_one_forward_pass_each(
    tokenizer: Tokenizer, make_model: Callable[..., Transformer], make_shard: Callable[..., Shard]
) -> None:
    model, shard = make_model(vocab=tokenizer.vocab_size, context=64), make_shard(documents(SHORT), tokenizer)
    scored = score_model(model, shard)
    for index in range(len(SHORT)):
        ids = torch.from_numpy(shard.document(index).astype(np.int64))
        assert len(ids) <= 65
        with torch.no_grad():
            logs = model(ids[None, :-1])[0].double().log_softmax(-1)
        expected = -logs[torch.arange(len(ids) - 1), ids[1:]][OPENING - 1 :].sum()
        assert scored.nats[index] == pytest.approx(float(expected), rel=1e-5)
        assert scored.tokens[index] == len(ids) - OPENING


@pytest.mark.parametrize("context", [7, 16, 32])
@pytest.mark.parametrize("position", ["rope", "learned"])
def test_long_documents_count_each_token_once_with_half_a_context_at_least(
    tokenizer: Tokenizer,
    make_model: Callable[..., Transformer],
    make_shard: Callable[..., Shard],
    context: int,
    position: str,
) -> None:
    model = make_model(vocab=tokenizer.vocab_size, context=context, position=position, depth=1)
    shard = make_shard(documents(LONG), tokenizer)
    scored = score_model(model, shard)
    for index in range(len(LONG)):
        ids = shard.document(index)
        expected, seen = direct_nats(model, ids, context)
        assert scored.nats[index] == pytest.approx(expected, rel=1e-5)
        assert scored.tokens[index] == len(ids) - OPENING == len(seen)
        assert all(min(target + OPENING, context // 2) <= used <= context for target, used in enumerate(seen))


def test_a_model_that_knows_nothing_pays_the_log_of_the_vocabulary(
    tokenizer: Tokenizer, make_model: Callable[..., Transformer], make_shard: Callable[..., Shard]
) -> None:
    model, shard = make_model(vocab=tokenizer.vocab_size), make_shard(documents(LONG), tokenizer)
    with torch.no_grad():
        model.embedding.weight.zero_()
    scored = score_model(model, shard)
    tokens, size = sum(len(tokenizer.encode(text)) + 1 for text in LONG), sum(len(text.encode()) for text in LONG)
    assert scored.perplexity() == pytest.approx(tokenizer.vocab_size, rel=1e-6)
    assert scored.bits_per_byte() == pytest.approx(tokens * math.log2(tokenizer.vocab_size) / size, rel=1e-6)


def test_bytes_are_those_of_the_text_whatever_the_tokenizer(
    tokenizer: Tokenizer,
    char_tokenizer: Tokenizer,
    make_model: Callable[..., Transformer],
    make_shard: Callable[..., Shard],
) -> None:
    texts = ["The fox met a crow.\n", "河水很清，鱼很多。"]
    tokens = []
    for words in (tokenizer, char_tokenizer):
        scored = score_model(make_model(vocab=words.vocab_size), make_shard(documents(texts), words))
        assert scored.text_bytes.tolist() == [len(text.encode()) for text in texts]
        tokens.append(scored.tokens.tolist())
    assert tokens[0] != tokens[1]


def test_the_score_of_a_document_does_not_depend_on_its_neighbours(
    tokenizer: Tokenizer, make_model: Callable[..., Transformer], make_shard: Callable[..., Shard]
) -> None:
    model = make_model(vocab=tokenizer.vocab_size, context=16)
    forward = score_model(model, make_shard(documents(LONG), tokenizer))
    backward = score_model(model, make_shard(documents(LONG[::-1]), tokenizer))
    np.testing.assert_allclose(forward.nats, backward.nats[::-1], rtol=1e-5)


def test_bf16_is_close_to_fp32_and_not_equal(
    tokenizer: Tokenizer, make_model: Callable[..., Transformer], make_shard: Callable[..., Shard]
) -> None:
    model, shard = make_model(vocab=tokenizer.vocab_size), make_shard(documents(LONG), tokenizer)
    full, half = score_model(model, shard), score_model(model, shard, torch.bfloat16)
    assert half.nats.sum() != full.nats.sum()
    assert half.bits_per_byte() == pytest.approx(full.bits_per_byte(), rel=0.02)


def test_an_n_gram_is_scored_over_the_same_tokens_and_bytes(
    tokenizer: Tokenizer, make_shard: Callable[..., Shard]
) -> None:
    shard = make_shard(documents(SHORT), tokenizer)
    logs = [-np.arange(1.0, len(shard.document(index)) + 1) for index in range(len(SHORT))]
    scored = scored_from(logs, shard)
    for index, values in enumerate(logs):
        assert scored.nats[index] == -values[OPENING:].sum()
        assert scored.tokens[index] == len(values) - OPENING
    assert scored.text_bytes.tolist() == [len(text.encode()) for text in SHORT]


@pytest.fixture
def mixed() -> Scored:
    return Scored(
        np.array([1.0, 2.0, 4.0]), np.array([1, 2, 3]), np.array([10, 20, 40]), ["english", "chinese", "english"]
    )


def test_figures_by_language_add_up_over_documents(mixed: Scored) -> None:
    """Sums over sums, not means of means."""
    english, chinese = mixed.of("english"), mixed.of("chinese")
    assert english.bits_per_byte() == pytest.approx(5 / math.log(2) / 50)
    assert english.perplexity() == pytest.approx(math.exp(5 / 4))
    assert chinese.bits_per_byte() == pytest.approx(2 / math.log(2) / 20)
    assert mixed.of(None).bits_per_byte() == pytest.approx(7 / math.log(2) / 70)


def test_a_language_without_documents_has_no_number(mixed: Scored) -> None:
    nobody = mixed.of("smalltalk")
    assert nobody.languages == []
    assert math.isnan(nobody.bits_per_byte())
    assert math.isnan(nobody.perplexity())

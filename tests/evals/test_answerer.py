import pytest
import torch

from llmlab.evals.answerer import divided, likelihoods_at


@pytest.mark.parametrize(
    ("whole", "before", "cut"),
    [
        ([1, 2, 3, 4], [1, 2], 2),
        ([1, 9, 4], [1, 2], 1),
        ([1, 2], [1, 2], 1),
        ([5], [1, 2], 0),
        ([1, 2, 3], [], 0),
    ],
)
def test_the_answer_begins_where_the_ids_first_differ(whole: list[int], before: list[int], cut: int) -> None:
    """And it is never empty, even where the prompt's last token swallowed it."""
    assert divided(whole, before) == cut


def test_likelihoods_are_sums_of_logarithms() -> None:
    logits = torch.randn(5, 7, generator=torch.Generator().manual_seed(0))
    best = logits.argmax(dim=-1).tolist()
    answers = [best[:2], [(best[2] + 1) % 7], best[3:]]
    found = likelihoods_at(logits, answers)
    flat = [token for answer in answers for token in answer]
    losses = [-logits[place].log_softmax(-1)[token].item() for place, token in enumerate(flat)]
    assert [each.nats for each in found] == pytest.approx([sum(losses[:2]), losses[2], sum(losses[3:])], abs=1e-5)
    assert [each.tokens for each in found] == [2, 1, 2]
    assert [each.greedy for each in found] == [True, False, True]

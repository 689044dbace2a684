from llmlab.align.imitation import answers_source, best_answers, demonstrations
from llmlab.align.rollouts import Rollout
from llmlab.shards.batches import IGNORE


def test_demonstrations_count_answers_alone(problems):
    batch = demonstrations(problems, 5, 1).batch(0, 8)
    found = sorted(
        ([each for each in row if each != IGNORE], ids[:2])
        for row, ids in zip(batch.targets_BT.tolist(), batch.ids_BT.tolist(), strict=True)
    )
    expected = zip(problems.answers, problems.prompts, strict=True)
    assert found == sorted((list(answer), list(prompt)) for answer, prompt in expected)


def test_the_best_answer_of_each_group_when_it_is_good_enough():
    rewards = [0.2, 1.0, 1.0, 0.4, 0.3, 0.4]
    answers = [Rollout(n // 3, [n], "", True, {}, reward) for n, reward in enumerate(rewards)]
    assert [each.ids for each in best_answers(answers, 3, 0.5)] == [[1]]
    assert [each.ids for each in best_answers(answers, 3, 0.0)] == [[1], [3]]
    assert best_answers(answers, 3, 1.1) == []


def test_nothing_good_enough_is_refused(problems, refuses):
    refuses(["0 answers", "floor"], answers_source, problems, [], 16, 1)
    refuses(["1 answers", "2 tokens"], answers_source, problems, [(0, [1, 2, 3])], 2, 1)

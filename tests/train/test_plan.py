from llmlab.model.count import count_parameters
from llmlab.train.plan import CONTEXT, SIZES, VOCAB, plans, sizes_table, table


def test_the_sizes_are_what_they_are_called():
    for (name, config), about in zip(SIZES.items(), (124e6, 350e6, 1e9), strict=True):
        assert config.width is None
        assert abs(count_parameters(config, VOCAB)["total"] / about - 1) < 0.06, name


def test_more_gpus_and_checkpointing_never_need_more():
    found = {(plan.size, plan.parallel, plan.processes, plan.checkpointing): plan for plan in plans()}
    for (size, parallel, processes, checkpointing), plan in found.items():
        # By hand: weights and gradients in fp32, Muon's momentum for matrices and Adam's two for the rest.
        total = count_parameters(SIZES[size], VOCAB)["total"]
        embedding = VOCAB * SIZES[size].resolved_width
        if parallel in ("none", "ddp"):
            held = plan.parts.weights + plan.parts.gradients + plan.parts.optimizer
            assert abs(held / (12 * total + 4 * embedding) - 1) < 0.01
            assert plan.needed == found[size, "none", 1, checkpointing].needed
        else:
            assert plan.needed < found[size, "none", 1, checkpointing].needed
        assert plan.needed > CONTEXT + plan.parts.weights
        if checkpointing:
            assert plan.needed < found[size, parallel, processes, False].needed
    assert found["1 B", "fsdp", 8, True].needed < found["1 B", "zero", 8, True].needed


def test_the_tables_have_a_line_a_plan():
    assert len(table().splitlines()) == 2 + len(list(plans()))
    assert len(sizes_table().splitlines()) == 2 + len(SIZES)

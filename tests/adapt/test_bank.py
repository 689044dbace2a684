import time

import pytest
import torch
from torch import nn

from llmlab.adapt.bank import adapters_of, drop, fold, train_only, unfold, use, use_by_row
from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import add_lora, layers, lora_tensors, merge_lora
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer

CONFIGS = {
    "prose": LoraConfig(rank=4, alpha=8.0),
    "code": LoraConfig(rank=2, alpha=4.0, targets=["attention"], rank_stabilized=True),
    "verse": LoraConfig(rank=3, alpha=6.0, targets=["ffn", "query"], dora=True),
}


@pytest.fixture
def bank(make_model, taught):
    """A model with three adapters of different shapes, all off."""

    def make(model=None):
        model = model or make_model()
        for seed, (name, config) in enumerate(CONFIGS.items()):
            add_lora(model, config, torch.Generator().manual_seed(seed), name)
            taught(model, seed, name)
        use(model, {})
        return model.eval()

    return make


@pytest.fixture
def alone(make_model, taught):
    """A model with one of them, as if there were no other."""

    def make(name):
        model = make_model()
        add_lora(model, CONFIGS[name], torch.Generator().manual_seed(list(CONFIGS).index(name)), name)
        return taught(model, list(CONFIGS).index(name), name).eval()

    return make


def learn(model, ids, steps=5):
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model.train()(ids).flatten(0, 1), ids.roll(-1, 1).flatten())
        loss.backward()
        optimizer.step()
    model.eval()


def test_switched_off_the_model_is_its_base_bit_for_bit(bank, make_model, ids):
    assert adapters_of(bank()) == ["code", "prose", "verse"]
    assert torch.equal(bank()(ids), make_model()(ids))


@pytest.mark.parametrize("name", CONFIGS)
def test_one_of_several_is_what_it_is_alone_bit_for_bit(bank, alone, ids, name):
    model = bank()
    for each in (*CONFIGS, name):
        use(model, {each: 1.0})
        model(ids)
    assert torch.equal(model(ids), alone(name)(ids))


def test_stacked_updates_add_up(bank, make_model, ids):
    """Merged into a weight W: W plus each update times its strength."""
    model, base = bank(), make_model()
    tensors = {name: lora_tensors(model, name) for name in ("prose", "code")}
    use(model, {"prose": 0.5, "code": 2.0})
    expected = model(ids)
    with torch.no_grad():
        for name, strength, scale in (("prose", 0.5, 8 / 4), ("code", 2.0, 4 / 2**0.5)):
            for key in {key.rpartition(".")[0] for key in tensors[name]}:
                update = tensors[name][f"{key}.B"] @ tensors[name][f"{key}.A"]
                base.get_submodule(key).weight += strength * scale * update
    assert (base(ids) - expected).abs().max() < 1e-5
    merge_lora(model)
    assert (model(ids) - expected).abs().max() < 1e-5


def test_each_row_has_its_own_adapter(bank, alone, make_model):
    ids = torch.randint(0, 97, (5, 24), generator=torch.Generator().manual_seed(1))
    names = ["code", None, "verse", "prose", "code"]
    model = bank()
    use_by_row(model, names)
    found = model(ids)
    for row, name in enumerate(names):
        expected = make_model() if name is None else alone(name)
        assert torch.allclose(found[row], expected(ids[row : row + 1])[0], atol=1e-5), name
    use(model, {"prose": 1.0})
    assert torch.equal(model(ids), alone("prose")(ids))


@pytest.mark.parametrize("on", [{"prose": 1.0}, {"prose": 0.5, "code": -1.0, "verse": 1.0}], ids=str)
def test_folding_keeps_the_logits_and_unfolding_the_bits(bank, make_model, ids, on):
    model = bank()
    use(model, on)
    expected = model(ids)
    fold(model)
    assert (model(ids) - expected).abs().max() < 2e-5
    unfold(model)
    assert torch.equal(model(ids), expected)
    use(model, {})
    assert torch.equal(model(ids), make_model()(ids))


def test_while_folded_nothing_is_switched(bank, refuses):
    model = bank()
    use(model, {"prose": 1.0})
    fold(model)
    for call, arguments in ((use, ({},)), (use_by_row, ([None],)), (fold, ()), (drop, ("code",))):
        refuses(["folded", "unfold"], call, model, *arguments)
    refuses(["folded"], add_lora, model, LoraConfig(rank=2), torch.Generator(), "new")


def test_a_new_adapter_ends_the_rule_of_rows_on_every_layer(bank):
    model = bank()
    use_by_row(model, ["prose", "code", None])
    add_lora(model, LoraConfig(rank=2, targets=["value"]), torch.Generator(), "new")
    assert all(layer.rows is None for layer in layers(model).values())


def test_folding_into_packed_weights_is_refused(make_model, refuses):
    model = make_model()
    add_lora(model, LoraConfig(rank=2, quantize="nf4"), torch.Generator())
    refuses(["packed", "merge_lora"], fold, model)


def test_an_adapter_dropped_leaves_the_others(bank, alone, ids):
    model = bank()
    use(model, {"prose": 1.0, "code": 1.0})
    drop(model, "code")
    assert adapters_of(model) == ["prose", "verse"]
    assert torch.equal(model(ids), alone("prose")(ids))


def test_unknown_names_are_refused(bank, refuses):
    for call, argument in ((use, {"x": 1.0}), (use_by_row, ["x"]), (drop, "x"), (train_only, "x")):
        refuses(["no adapter 'x'", "code, prose, verse"], call, bank(), argument)


def test_a_task_learned_later_leaves_the_earlier_ones_bit_identical(bank, make_model, ids):
    """Incremental tasks, with and without the earlier ones on: what was learned is untouched (B4)."""
    model = bank()
    base, before = model(ids), lora_tensors(model, "prose")
    use(model, {"prose": 1.0})
    old = model(ids)
    for name, beside in (("fresh", {}), ("stacked", {"prose": 1.0})):
        use(model, beside)
        add_lora(model, LoraConfig(rank=4), torch.Generator().manual_seed(7), name)
        start = model(ids)
        learn(model, ids)
        assert (model(ids) - start).abs().max() > 0.1
        assert torch.equal(start, old if beside else base)
        use(model, {"prose": 1.0})
        assert torch.equal(model(ids), old)
        use(model, {})
        assert torch.equal(model(ids), base)
    assert all(torch.equal(tensor, before[key]) for key, tensor in lora_tensors(model, "prose").items())


def test_an_earlier_one_can_be_trained_further_alone(bank, ids):
    model = bank()
    before = {name: lora_tensors(model, name) for name in CONFIGS}
    use(model, {"code": 1.0, "verse": 1.0})
    train_only(model, "code")
    learn(model, ids)
    changed = {
        name: any(not torch.equal(tensor, before[name][key]) for key, tensor in lora_tensors(model, name).items())
        for name in CONFIGS
    }
    assert changed == {"prose": False, "code": True, "verse": False}


def test_switching_takes_under_fifty_milliseconds(taught):
    """On 24 layers of 7 matrices; the fastest of several, since the machine may be busy."""
    model = Transformer(ModelConfig(depth=24, width=64, head_size=32, context=32), 97)
    for name in ("one", "two"):
        add_lora(model, LoraConfig(rank=4), torch.Generator().manual_seed(0), name)
        taught(model, 1, name)
    took = []
    for name in ("one", "two") * 4:
        started = time.perf_counter()
        use(model, {name: 1.0})
        took.append(time.perf_counter() - started)
    assert min(took) < 0.05

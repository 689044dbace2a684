import itertools

import pytest
import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from llmlab.model.transformer import Transformer

from .conftest import CASES, FLAGS, pairs_of

FEATURES = [
    {},
    {"window": 5},
    {"position": "learned"},
    {"position": "none", "ngram_rows": 61},
    {"kv_heads": 1},
    {"ngram_rows": 61},
    {"smear": 3, "embedding_norm": True},
    {"qk_norm": False, "norm": "layer", "ffn": "gelu", "tie_embeddings": False},
    {"window": 3, "kv_heads": 1, "ngram_rows": 61, "position": "learned", "smear": 1},
]


def named(features):
    return ["+".join(f"{key}={value}" for key, value in feature.items()) or "plain" for feature in features]


def through_cache(model, ids, cuts, documents=None):
    """Logits of `ids` read in pieces that end at `cuts`."""
    cache, parts = None, []
    for start, stop in itertools.pairwise([0, *cuts, ids.shape[1]]):
        numbers = None if documents is None else documents[:, start:stop]
        logits, cache = model.extend(ids[:, start:stop], cache, numbers)
        parts.append(logits)
    assert cache.length == ids.shape[1]
    return torch.cat(parts, dim=1)


def test_the_flag_matrix_holds_every_pair():
    wanted = {
        frozenset(((a, x), (b, y)))
        for (a, xs), (b, ys) in itertools.combinations(FLAGS.items(), 2)
        for x, y in itertools.product(xs, ys)
    }
    assert {frozenset(pair) for case in CASES for pair in pairs_of(case)} == wanted
    assert len(CASES) < 25


def test_each_pair_of_flags_runs_forward_backward_and_cache(flags, make_model, ids, documents):
    model = make_model(**flags, context=24)
    with torch.no_grad():
        logits = model(ids)
        assert logits.shape == (3, 24, 97)
        assert torch.allclose(through_cache(model, ids, range(1, 24)), logits, atol=1e-5)
        packed = model(ids, documents)
        assert torch.allclose(through_cache(model, ids, [5, 6, 14], documents), packed, atol=1e-5)
        changed = ids.clone()
        changed[:, 15] = (changed[:, 15] + 1) % 97
        assert torch.equal(model(changed)[:, :15], logits[:, :15])
        assert not torch.equal(model(changed)[:, 15:], logits[:, 15:])
    model.train()
    loss = torch.nn.functional.cross_entropy(model(ids, documents).flatten(0, 1), ids.roll(-1, 1).flatten())
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("feature", FEATURES, ids=named(FEATURES))
def test_logits_do_not_depend_on_later_tokens(feature, make_model, ids):
    """The Jacobian of the logits at t against the embedded input is exactly zero after t, and not before."""
    model = make_model(**feature)
    seen = {}
    model.embedding.register_forward_hook(lambda _m, _i, out: seen.update(x=out.requires_grad_(True)))
    logits = model(ids[:1])
    for t in (0, 9, 23):
        (gradient,) = torch.autograd.grad(logits[0, t].square().sum(), seen["x"], retain_graph=True)
        assert (gradient[0, t + 1 :] == 0).all()
        assert gradient[0, t].abs().max() > 0


@pytest.mark.parametrize(("depth", "window"), [(1, 1), (1, 4), (2, 4), (3, 3)])
def test_the_window_is_exact(depth, window, make_model, ids):
    """With L layers of window W, position t sees t - L (W - 1) and nothing before it."""
    model = make_model(depth=depth, window=window)
    seen = {}
    model.embedding.register_forward_hook(lambda _m, _i, out: seen.update(x=out.requires_grad_(True)))
    t, reach = 20, depth * (window - 1)
    (gradient,) = torch.autograd.grad(model(ids[:1])[0, t].square().sum(), seen["x"])
    per_position = gradient[0].abs().amax(dim=-1)
    assert (per_position[: t - reach] == 0).all()
    assert (per_position[t - reach : t + 1] > 0).all()


@pytest.mark.parametrize("feature", FEATURES, ids=named(FEATURES))
def test_a_document_reads_as_if_alone(feature, make_model, ids, documents):
    model = make_model(**feature)
    with torch.no_grad():
        packed = model(ids, documents)
        for row, start, stop in [(0, 0, 24), (1, 0, 7), (1, 7, 8), (1, 8, 24), (2, 6, 24)]:
            alone = model(ids[row : row + 1, start:stop])
            assert torch.allclose(packed[row, start:stop], alone[0], atol=1e-5)


def test_one_document_a_row_is_no_document_numbers(make_model, ids):
    with torch.no_grad():
        for feature in FEATURES:
            model = make_model(**feature)
            assert torch.allclose(model(ids, torch.zeros_like(ids)), model(ids), atol=1e-6)


@pytest.mark.parametrize("cuts", [list(range(1, 24)), [1], [23], [8, 9, 17], []], ids=str)
@pytest.mark.parametrize("feature", FEATURES, ids=named(FEATURES))
def test_reading_through_the_cache_is_the_full_forward(feature, cuts, make_model, ids):
    model = make_model(**feature)
    with torch.no_grad():
        assert torch.allclose(through_cache(model, ids, cuts), model(ids), atol=1e-5)


@pytest.mark.parametrize("feature", FEATURES, ids=named(FEATURES))
def test_a_left_padded_batch_is_each_alone(feature, make_model, ids):
    """Prompts of lengths 3, 11 and 16 padded in front, then eight steps each on the cache."""
    model = make_model(**feature)
    lengths = [3, 11, 16]
    padded, numbers = torch.zeros(3, 16, dtype=torch.long), torch.full((3, 16), -1)
    for row, length in enumerate(lengths):
        padded[row, 16 - length :] = ids[row, :length]
        numbers[row, 16 - length :] = 0
    with torch.no_grad():
        logits, cache = model.extend(padded, None, numbers)
        found = [logits[:, -1]]
        for step in range(8):
            logits, cache = model.extend(torch.stack([ids[r, n + step] for r, n in enumerate(lengths)])[:, None], cache)
            found.append(logits[:, -1])
        for row, length in enumerate(lengths):
            alone = model(ids[row : row + 1, : length + 8])[0, length - 1 :]
            assert torch.allclose(torch.stack(found)[:, row], alone, atol=1e-5)


def test_a_cache_is_a_value_that_can_be_forked(make_model, ids):
    model = make_model()
    with torch.no_grad():
        _, cache = model.extend(ids[:1, :10], None)
        first, _ = model.extend(ids[:1, 10:15], cache)
        other, _ = model.extend(ids[1:2, 10:15], cache)
        again, _ = model.extend(ids[:1, 10:15], cache)
    assert cache.length == 10
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def llama_of(model: Transformer) -> LlamaForCausalLM:
    """The same weights in the `transformers` implementation."""
    c = model.config
    theta = {"rope_theta": c.rope_base, "rope_type": "default"}
    config = LlamaConfig(
        vocab_size=model.vocab_size, hidden_size=c.resolved_width, intermediate_size=c.resolved_hidden,
        num_hidden_layers=c.depth, num_attention_heads=c.heads, num_key_value_heads=c.resolved_kv_heads,
        head_dim=c.head_size, max_position_embeddings=c.context, rms_norm_eps=1e-6, rope_parameters=theta,
        tie_word_embeddings=c.tie_embeddings, attention_bias=False, mlp_bias=False, attn_implementation="eager",
    )  # fmt: skip
    renamed: dict[str, Tensor] = {}
    for name, tensor in model.state_dict().items():
        for ours, theirs in [
            ("embedding.weight", "model.embed_tokens.weight"), ("head.weight", "lm_head.weight"),
            ("attention_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm"),
            ("attention.query", "self_attn.q_proj"), ("attention.key", "self_attn.k_proj"),
            ("attention.value", "self_attn.v_proj"), ("attention.output", "self_attn.o_proj"),
            ("ffn.gate", "mlp.gate_proj"), ("ffn.up", "mlp.up_proj"), ("ffn.down", "mlp.down_proj"),
            ("blocks.", "model.layers."),
        ]:  # fmt: skip
            name = name.replace(ours, theirs)  # noqa: PLW2901
        renamed["model.norm.weight" if name == "norm.weight" else name] = tensor
    llama = LlamaForCausalLM(config).eval()
    llama.load_state_dict(renamed, strict=True)
    return llama


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kv_heads", [4, 2, 1])
@pytest.mark.parametrize("base", [10_000.0, 500.0])
def test_logits_are_those_of_llama_in_transformers(tied, kv_heads, base, make_model, ids):
    model = make_model(
        width=64, kv_heads=kv_heads, qk_norm=False, tie_embeddings=tied, rope_base=base, ffn="swiglu", norm="rms"
    )
    llama = llama_of(model)
    with torch.no_grad():
        assert (llama(ids).logits - model(ids)).abs().max() < 1e-5
        packed = model(ids, torch.tensor([[-1] * 6 + [0] * 18] * 3))[:, 6:]
        mask = torch.tensor([[0] * 6 + [1] * 18] * 3)
        assert (llama(ids, attention_mask=mask).logits[:, 6:] - packed).abs().max() < 1e-5


def loss_and_gradients(model, ids, documents):
    model.train()
    torch.manual_seed(5)
    loss = torch.nn.functional.cross_entropy(model(ids, documents).flatten(0, 1), ids.roll(-1, 1).flatten())
    loss.backward()
    return loss, {name: parameter.grad for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_gradient_checkpointing_changes_no_bit(dropout, make_model, ids, documents):
    plain, saving = (make_model(dropout=dropout, gradient_checkpointing=flag) for flag in (False, True))
    (loss, gradients), (other_loss, other) = (loss_and_gradients(m, ids, documents) for m in (plain, saving))
    assert torch.equal(loss, other_loss)
    for name, gradient in gradients.items():
        assert torch.equal(gradient, other[name]), name


def test_gradient_checkpointing_keeps_fewer_tensors(make_model, ids):
    def kept(model):
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: (sizes.append(t.numel()), t)[1], lambda t: t):
            model.train()(ids)
        return sum(sizes)

    assert kept(make_model(gradient_checkpointing=True)) < kept(make_model()) / 2


def test_dropout_zero_is_no_dropout_and_more_drops_only_in_training(make_model, ids):
    plain, dropping = make_model(), make_model(dropout=0.5)
    with torch.no_grad():
        expected = plain(ids)
        assert torch.equal(plain.train()(ids), expected)
        assert torch.equal(dropping(ids), expected)
        torch.manual_seed(1)
        first = dropping.train()(ids)
        assert not torch.allclose(first, expected, atol=1e-3)
        assert not torch.equal(dropping(ids), first)
        torch.manual_seed(1)
        assert torch.equal(dropping(ids), first)


def test_flags_at_their_neutral_value_change_nothing(make_model, tiny, ids):
    def fresh(**changes):
        return Transformer(tiny(**changes), 97, torch.Generator().manual_seed(3)).eval()

    with torch.no_grad():
        plain = fresh()(ids)
        assert torch.equal(fresh(kv_heads=2)(ids), plain)
        assert torch.equal(fresh(ngram_rows=61)(ids), plain)  # its tables start at zero
        assert torch.equal(fresh(hidden=96)(ids), plain)
        assert torch.allclose(fresh(window=32)(ids), plain, atol=1e-6)
        for change in (
            {"window": 4},
            {"smear": 1},
            {"embedding_norm": True},
            {"kv_heads": 1},
            {"qk_norm": False},
            {"position": "none"},
            {"norm": "layer"},
        ):
            assert not torch.allclose(fresh(**change)(ids), plain, atol=1e-4), change


def test_a_tied_head_is_the_embedding_and_an_untied_one_is_not(make_model):
    tied, untied = make_model(), make_model(tie_embeddings=False)
    assert tied.head.weight is tied.embedding.weight
    assert untied.head.weight is not untied.embedding.weight
    assert not torch.equal(untied.head.weight, untied.embedding.weight)


def test_positions_matter_unless_there_are_none(make_model, ids):
    """Swapping the first two tokens is seen by the last position through rope and learned places, not without them."""
    swapped = ids.clone()
    swapped[:, [0, 1]] = ids[:, [1, 0]]
    with torch.no_grad():
        for position in ("rope", "learned"):
            model = make_model(depth=1, position=position)
            assert not torch.allclose(model(swapped)[:, -1], model(ids)[:, -1], atol=1e-4)
        model = make_model(depth=1, position="none")
        assert torch.allclose(model(swapped)[:, -1], model(ids)[:, -1], atol=1e-5)


def test_hidden_is_what_the_head_reads(make_model, ids):
    model = make_model()
    with torch.no_grad():
        assert torch.equal(model.head(model.hidden(ids)), model(ids))


def test_bf16_is_close_to_fp32(make_model, ids):
    model = make_model(noise=0.0)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        low = model(ids)
    assert low.dtype is torch.bfloat16
    with torch.no_grad():
        assert (low.float() - model(ids)).abs().max() < 0.05

"""A base, and the same base with an adapter that has learned something."""

import pytest
import torch

from llmlab.adapt.lora import LoraConfig, LoraLinear, add_lora
from llmlab.model.surgery import find


@pytest.fixture
def ids():
    return torch.randint(0, 97, (3, 24), generator=torch.Generator().manual_seed(11))


@pytest.fixture
def adapted(make_model):
    """A model with an adapter whose B is not zero any more."""

    def make(config=LoraConfig(rank=4, alpha=8.0), seed=5, **changes):  # noqa: B008 - a frozen value
        model = make_model(**changes)
        generator = torch.Generator().manual_seed(seed)
        add_lora(model, config, generator)
        with torch.no_grad():
            for _, module in find(model, lambda _, module: isinstance(module, LoraLinear)):
                module.B.normal_(0, 0.3, generator=generator)
        return model.eval()

    return make

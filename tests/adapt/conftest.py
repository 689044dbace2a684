"""A base, and the same base with an adapter that has learned something."""

import pytest
import torch

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import DEFAULT, add_lora, parts_of


@pytest.fixture
def ids():
    return torch.randint(0, 97, (3, 24), generator=torch.Generator().manual_seed(11))


@pytest.fixture
def taught():
    """Give an adapter on a model weights as if it had learned something."""

    def teach(model, seed=5, name=DEFAULT):
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for part in parts_of(model, name).values():
                part.B.normal_(0, 0.3, generator=generator)
                if part.magnitude is not None:
                    part.magnitude.mul_(torch.rand(part.magnitude.shape, generator=generator) + 0.5)
        return model

    return teach


@pytest.fixture
def adapted(make_model, taught):
    """A model with an adapter whose B is not zero any more."""

    def make(config=LoraConfig(rank=4, alpha=8.0), seed=5, **changes):  # noqa: B008 - a frozen value
        model = make_model(**changes)
        add_lora(model, config, torch.Generator().manual_seed(seed))
        return taught(model, seed).eval()

    return make

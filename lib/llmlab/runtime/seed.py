"""Every random generator of the lab, derived by name from the one `seed` of params.yaml."""

import hashlib
import random

import numpy as np
import torch


def derive(seed: int, name: str) -> int:
    """A 63-bit seed for the generator called `name`; adding a generator never shifts another's numbers."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def torch_generator(seed: int, name: str, device: str = "cpu") -> torch.Generator:
    """A torch generator of its own for `name`."""
    return torch.Generator(device=device).manual_seed(derive(seed, name))


def numpy_generator(seed: int, name: str) -> np.random.Generator:
    """A numpy generator of its own for `name`."""
    return np.random.Generator(np.random.PCG64(derive(seed, name)))


def python_random(seed: int, name: str) -> random.Random:
    """A standard-library generator of its own for `name`."""
    return random.Random(derive(seed, name))

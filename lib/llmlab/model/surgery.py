"""Find and swap modules of a finished model: the one way in for LoRA, quantisation and spiking gates."""

from collections.abc import Callable, Iterator

from torch import nn

Predicate = Callable[[str, nn.Module], bool]


def find(model: nn.Module, wanted: Predicate) -> Iterator[tuple[str, nn.Module]]:
    """Modules for which `wanted(name, module)` holds, with their dotted names."""
    return ((name, module) for name, module in model.named_modules() if wanted(name, module))


def replace(model: nn.Module, wanted: Predicate, make: Callable[[nn.Module], nn.Module]) -> list[str]:
    """Put `make(module)` in the place of every wanted module; returns their names, in order."""
    names = [name for name, _ in find(model, wanted)]
    for name in names:
        parent, _, child = name.rpartition(".")
        owner = model.get_submodule(parent)
        setattr(owner, child, make(getattr(owner, child)))
    return names


def is_inner_linear(name: str, module: nn.Module) -> bool:
    """True for the linear layers inside the blocks: not the head, which may be tied to the embedding."""
    return isinstance(module, nn.Linear) and name.startswith("blocks.")

"""YAML edited as text: lines go in and out, and every other byte, comments included, stays as it was.

Loading and dumping again keeps most comments but moves those between two blocks; here the parser only says where
things stand. Every function raises ValueError for a place that is not laid out as it expects.
"""

from collections.abc import Sequence
from typing import Any

import yaml

_INDENT = 2


def append_item(text: str, keys: Sequence[str], item: str) -> str:
    """Put `item`, itself YAML on one line, last into the list at `keys`."""
    node = _list_at(text, keys)
    if node.flow_style:
        place = node.end_mark.index - 1
        return f"{text[:place]}{', ' if node.value else ''}{item}{text[place:]}"
    dash = node.value[-1].start_mark.line
    line = text.split("\n")[dash]
    return _insert(text, _last_line(node), [f"{line[: line.index('-')]}- {item}"])


def append_key(text: str, keys: Sequence[str], key: str, lines: Sequence[str]) -> str:
    """Put a key last into the block of keys at `keys`; `lines` is its value, the first one beside the key."""
    node = _block_at(text, keys)
    indent = " " * node.start_mark.column
    rest = [f"{indent}{' ' * _INDENT}{line}" for line in lines[1:]]
    return _insert(text, _last_line(node), [f"{indent}{key}: {lines[0]}".rstrip(), *rest])


def delete_item(text: str, keys: Sequence[str], position: int) -> str:
    """Take an item out of the list at `keys`, which keeps at least one other."""
    node = _list_at(text, keys)
    assert len(node.value) > 1, f"{keys} would be left empty"
    item = node.value[position]
    if not node.flow_style:
        return _cut(text, item.start_mark.line, _last_line(item))
    if position:
        return text[: node.value[position - 1].end_mark.index] + text[item.end_mark.index :]
    return text[: item.start_mark.index] + text[node.value[1].start_mark.index :]


def delete_key(text: str, keys: Sequence[str]) -> str:
    """Take the last of `keys` and its value out of its block."""
    node = _block_at(text, keys[:-1])
    key, value = next(pair for pair in node.value if pair[0].value == keys[-1])
    return _cut(text, key.start_mark.line, _last_line(value))


def one_line(value: Any) -> str:
    """A value as YAML on one line."""
    style = '"' if isinstance(value, str) and "\n" in value else None
    dumped = yaml.safe_dump(
        value, default_flow_style=True, default_style=style, allow_unicode=True, sort_keys=False, width=1 << 16
    )
    return dumped.strip().removesuffix("\n...")


def _list_at(text: str, keys: Sequence[str]) -> yaml.SequenceNode:
    node = _find(text, keys)
    if not isinstance(node, yaml.SequenceNode):
        raise ValueError(f"`{'.'.join(keys)}` is no list")
    return node


def _block_at(text: str, keys: Sequence[str]) -> yaml.MappingNode:
    node = _find(text, keys)
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        raise ValueError(f"`{'.'.join(keys)}` is no block of `key: value` lines")
    return node


def _find(text: str, keys: Sequence[str]) -> yaml.Node | None:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for key in keys:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for name, value in pairs if name.value == key), None)
    return node


def _last_line(node: yaml.Node) -> int:
    """The last line that a value itself stands on: a block's own end lies past the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(node, yaml.MappingNode) else last)
    return node.end_mark.line if node.end_mark.column else node.end_mark.line - 1


def _insert(text: str, after: int, lines: list[str]) -> str:
    old = text.split("\n")
    return "\n".join([*old[: after + 1], *lines, *old[after + 1 :]])


def _cut(text: str, first: int, last: int) -> str:
    old = text.split("\n")
    return "\n".join([*old[:first], *old[last + 1 :]])

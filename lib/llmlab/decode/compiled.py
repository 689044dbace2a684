"""The reader's step of one id as one compiled program: no call between the products but the program's own.

What lies between the products of a layer is some twenty operations of a microsecond's work and several of a call.
Inductor fuses them into a few loops. Only the number of positions changes from step to step; it is a variable of the
program, so that one compilation (half a minute on a slow machine) serves a whole text.
"""

from collections.abc import Callable
from types import FunctionType

import torch
from torch import Tensor

from llmlab.decode.cache import Room, StaticLayer
from llmlab.decode.reader import JoinedBlock, Reader, Rotary
from llmlab.model.cache import KVCache
from llmlab.model.transformer import Transformer

_Program = Callable[..., Tensor]


class CompiledReader(Reader):
    """A `Reader` that compiles what a chat does most: one more id of one text, on a static cache that nobody forked.

    Anything else (a prompt, several ids or rows, a growing cache, one extended twice) it reads as a `Reader` does. A
    program is made for each size of the room, so texts should be given the same (the engine gives them the context).
    Rows are not worth it: each number of them would be another program, and they leave a batch one by one. The numbers
    are the reader's up to rounding, and the same at every run with the same threads.
    """

    def __init__(self, model: Transformer) -> None:
        """As `Reader`; nothing is compiled before the first step."""
        super().__init__(model)
        self._programs: dict[int, _Program] = {}
        self._everything: Tensor | None = None

    def _run(
        self, ids_BT: Tensor, documents_BT: Tensor | None, cache: KVCache | None, keep: bool = False
    ) -> tuple[Tensor, KVCache | None]:
        rooms = _rooms(cache)
        if not keep or ids_BT.shape != (1, 1) or documents_BT is not None or cache is None or not rooms:
            return super()._run(ids_BT, documents_BT, cache, keep)
        past, capacity = cache.length, rooms[0].k_BKCE.shape[2]
        ids_BS = torch.cat((cache.ids_BS, ids_BT), dim=1)
        documents_BS = torch.cat((cache.documents_BS, cache.documents_BS[:, -1:]), dim=1)
        unbroken = bool((documents_BS == documents_BS[:, :1]).all())
        x_BD = self._embed(ids_BS, None if unbroken else documents_BS, 1)[:, 0]
        seen_BS = self._seen(documents_BS, unbroken, capacity)
        program = self._programs.get(capacity)
        if program is None:
            program = self._compiled(capacity)
            torch._dynamo.mark_dynamic(seen_BS, 1)
        place = torch.tensor([past], device=ids_BT.device)
        rotary = self._turns(past, 1, ids_BT.device)
        keys, values = [room.k_BKCE for room in rooms], [room.v_BKCE for room in rooms]
        y_BD = program(x_BD, place, rotary, seen_BS, keys, values)
        for room in rooms:
            room.filled = past + 1
        return y_BD[:, None], KVCache(tuple(room.view(past + 1) for room in rooms), ids_BS, documents_BS)

    def _seen(self, documents_BS: Tensor, unbroken: bool, capacity: int) -> Tensor:
        """Which of the S positions the last one sees, (B, S); S is what varies in a program."""
        S = documents_BS.shape[1]
        if unbroken and self._sees_all(S - 1, 1):
            if self._everything is None or self._everything.shape[1] < capacity:
                self._everything = documents_BS.new_ones(1, capacity, dtype=torch.bool)
            seen_BS = self._everything[:, :S]
        else:
            mask = self._mask(documents_BS, 1, S - 1, documents_BS.device)
            assert mask is not None
            seen_BS = mask[:, 0, 0]
        return seen_BS

    def _compiled(self, capacity: int) -> _Program:
        """Guards would look at every weight at every step; here nothing that they watch can change."""

        def step(
            x_BD: Tensor,
            place: Tensor,
            rotary: Rotary | None,
            seen_BS: Tensor,
            keys: list[Tensor],
            values: list[Tensor],
        ) -> Tensor:
            for number, block in enumerate(self.blocks):
                assert isinstance(block, JoinedBlock)
                x_BD = _layer(block, x_BD, place, rotary, seen_BS, keys[number], values[number])
            return self.norm(x_BD)

        # torch keeps programs with the code object, and without guards would hand ours to every other model.
        own = FunctionType(step.__code__.replace(), step.__globals__, closure=step.__closure__)
        program = torch.compile(
            own, fullgraph=True, dynamic=False, options={"guard_filter_fn": torch.compiler.skip_all_guards_unsafe}
        )
        self._programs[capacity] = program
        return program


def _rooms(cache: KVCache | None) -> list[Room]:
    """The rooms of a static cache that shows all that was written and has a place left; else none."""
    layers = cache.layers if cache else ()
    rooms = [layer.room for layer in layers if isinstance(layer, StaticLayer)]
    held = cache.length if cache else 0
    free = all(room.filled == held < room.k_BKCE.shape[2] for room in rooms)
    return rooms if len(rooms) == len(layers) and free else []


def _layer(
    block: JoinedBlock,
    x_BD: Tensor,
    place: Tensor,
    rotary: Rotary | None,
    seen_BS: Tensor,
    k_BKCE: Tensor,
    v_BKCE: Tensor,
) -> Tensor:
    """One block on one position a row; its keys and values go to `place` of the room."""
    qk_B1NE, v_B1KE = block.projected(block.attention_norm(x_BD), 1, rotary)
    q_BHE, k_BKE, v_BKE = qk_B1NE[:, 0, : block.heads], qk_B1NE[:, 0, block.heads :], v_B1KE[:, 0]
    k_BKCE.index_copy_(2, place, k_BKE[:, :, None])
    v_BKCE.index_copy_(2, place, v_BKE[:, :, None])
    k_BKSE, v_BKSE = k_BKCE[:, :, : seen_BS.shape[1]], v_BKCE[:, :, : seen_BS.shape[1]]
    # A query per head of each group; sums in place of products of matrices, which would be calls again.
    q_BKGE = q_BHE.unflatten(1, (block.kv_heads, -1))
    scores_BKGS = (q_BKGE[:, :, :, None] * k_BKSE[:, :, None]).sum(-1) * block.head_size**-0.5
    scores_BKGS = scores_BKGS.masked_fill(~seen_BS[:, None, None], -torch.inf)
    weights_BKGS = scores_BKGS.softmax(dim=-1)
    y_BKGE = (weights_BKGS[..., None] * v_BKSE[:, :, None]).sum(-2)
    x_BD = x_BD + block.output(y_BKGE.flatten(1))
    return x_BD + block.feed_forward(x_BD)

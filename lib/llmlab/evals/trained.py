"""One of our own models as an answerer."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch

from llmlab.decode.engine import generate
from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.answerer import Cost, Likelihood, divided, likelihoods_at
from llmlab.evals.bits_per_byte import OPENING, Scored, score_model
from llmlab.model.transformer import Transformer
from llmlab.runtime.seed import torch_generator
from llmlab.shards.format import EncodedDocument
from llmlab.shards.gather import gather
from llmlab.tasks.templates import Prompt
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.chat import encode_prompt, opening
from llmlab.tokenizer.pieces import holds_stop, until
from llmlab.tokenizer.special import END, EOS

Ids = tuple[int, ...]
_TOKENS = 8192
_ROWS = 40


class _Pair(NamedTuple):
    """Ids of a prompt, and of an answer after it."""

    before: Ids
    after: Ids

    @property
    def read(self) -> Ids:
        """What the model reads: everything but the last id, which nothing follows."""
        return (*self.before, *self.after[:-1])


class Trained:
    """Prompts that are too long keep what opens a document and lose what follows it, as far as is needed."""

    def __init__(self, model: Transformer, tokenizer: Tokenizer, *, chats: bool) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._device = model.embedding.weight.device
        self.chats = chats
        self.cost = Cost()

    @torch.inference_mode()
    def likelihoods(self, asked: Sequence[tuple[Prompt, str]]) -> list[Likelihood]:
        """See `Answerer.likelihoods`; one-token answers after the same prompt are read in one pass."""
        pairs = [self._pair(prompt, answer) for prompt, answer in asked]
        groups: dict[Ids, list[_Pair]] = {}
        for pair in dict.fromkeys(pairs):
            groups.setdefault(pair.read, []).append(pair)
        found: dict[_Pair, Likelihood] = {}
        for rows in batched(sorted(groups, key=len), _TOKENS):
            found.update(self._read(rows, groups))
        return [found[pair] for pair in pairs]

    def write(self, prompts: Sequence[Prompt], sampling: SamplingConfig, stops: Sequence[str], seed: int) -> list[str]:
        """See `Answerer.write`; like prompts are drawn apart."""
        stop = {self._tokenizer.special[name] for name in (END, EOS)}
        banned = set(self._tokenizer.special.values()) - stop
        generator = torch_generator(seed, "answers")
        room = max(1, self._model.config.context - sampling.max_new)
        starts = [self._fitted(self._prompt_ids(prompt), room) for prompt in prompts]
        written: list[str] = [""] * len(prompts)
        finished = holds_stop(self._tokenizer, stops)
        order = sorted(range(len(prompts)), key=lambda place: len(starts[place]))
        for first in range(0, len(order), _ROWS):
            places = order[first : first + _ROWS]
            batch = [starts[place] for place in places]
            ended = generate(self._model, batch, sampling, generator, stop=stop, banned=banned, finished=finished)
            for place, end in zip(places, ended, strict=True):
                written[place] = "".join(until([self._tokenizer.decode(end.ids)], stops))
                self.cost.written += len(end.ids)
            self.cost.read += sum(map(len, batch))
        return written

    def count(self, text: str) -> int:
        """See `Answerer.count`."""
        return len(self._tokenizer.encode(text))

    def surprise(self, texts: Sequence[str], lang: str) -> Scored:
        """See `Answerer.surprise` and `score_model`."""
        start, end = opening(self._tokenizer, lang), self._tokenizer.special[EOS]
        encoded = zip(texts, self._tokenizer.encode_batch(texts), strict=True)
        documents = [
            EncodedDocument(str(place), lang, "prose", len(text.encode()), [*start, *ids, end])
            for place, (text, ids) in enumerate(encoded)
        ]
        self.cost.read += sum(len(document.ids) for document in documents)
        return score_model(self._model, gather(documents))

    def _prompt_ids(self, prompt: Prompt) -> list[int]:
        if not prompt.turns:
            return [*opening(self._tokenizer, prompt.lang), *self._tokenizer.encode(prompt.text)]
        roles = ("user", "assistant")
        messages = [{"role": roles[place % 2], "content": text} for place, text in enumerate(prompt.turns)]
        return encode_prompt(self._tokenizer, prompt.lang, messages)

    def _pair(self, prompt: Prompt, answer: str) -> _Pair:
        """Ids of the prompt and of the answer, together no longer than the model reads."""
        before = self._prompt_ids(prompt)
        if prompt.turns or not prompt.text:
            after = self._tokenizer.encode(answer)
        else:
            start = len(opening(self._tokenizer, prompt.lang))
            whole = self._tokenizer.encode(prompt.text + answer)
            cut = divided(whole, before[start:])
            before, after = [*before[:start], *whole[:cut]], whole[cut:]
        after = after[: self._model.config.context - OPENING]
        return _Pair(tuple(self._fitted(before, self._model.config.context + 1 - len(after))), tuple(after))

    def _fitted(self, ids: list[int], room: int) -> list[int]:
        if len(ids) <= room:
            return ids
        self.cost.cut += 1
        kept = min(OPENING, room - 1)
        return [*ids[:kept], *ids[len(ids) - (room - kept) :]]

    def _read(self, rows: Sequence[Ids], groups: Mapping[Ids, Sequence[_Pair]]) -> dict[_Pair, Likelihood]:
        """Likelihoods of the answers of some rows; the head is asked at the places of answers only."""
        ids_BT = torch.zeros(len(rows), len(rows[-1]), dtype=torch.long)
        pairs: list[_Pair] = []
        lines: list[int] = []
        places: list[int] = []
        for line, row in enumerate(rows):
            ids_BT[line, : len(row)] = torch.tensor(row)
            for pair in groups[row]:
                pairs.append(pair)
                lines += [line] * len(pair.after)
                places += range(len(pair.before) - 1, len(row))
        self.cost.read += sum(map(len, rows))
        # Padding stands on the right, where causal attention keeps it from anything that counts.
        hidden_ND = self._model.hidden(ids_BT.to(self._device))[lines, places]
        answers = [pair.after for pair in pairs]
        return dict(zip(pairs, likelihoods_at(self._model.head(hidden_ND), answers), strict=True))


def batched(rows: Sequence[Ids], tokens: int) -> list[list[Ids]]:
    """Rows, the shortest first, in groups: one row, or as many as take at most `tokens` places when padded."""
    groups: list[list[Ids]] = []
    for row in rows:
        if groups and len(row) * (len(groups[-1]) + 1) <= tokens:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups

"""Any causal model of the Hugging Face hub, or a folder in its layout, as an answerer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from llmlab.artifacts.errors import LabError
from llmlab.decode.sampling import SamplingConfig, sample
from llmlab.evals.answerer import Cost, Likelihood, divided, likelihoods_at
from llmlab.evals.bits_per_byte import Scored, windows
from llmlab.runtime.seed import torch_generator
from llmlab.tasks.templates import Prompt
from llmlab.tokenizer.pieces import until

_NO_LIMIT = 1 << 20


class HubModel:
    """Prompts go through the model one by one: a yardstick for our own models, not a fast engine.

    Before a text stands what its tokenizer puts there; before nothing at all, the begin or else the end token, as
    lm-evaluation-harness has it.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model.eval(), tokenizer
        self.cost = Cost()
        size = getattr(model.config, "max_position_embeddings", None) or getattr(model.config, "n_positions", None)
        self._context = int(size or _NO_LIMIT)
        first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        if first is None:
            raise LabError("the tokenizer has neither a begin nor an end token", "give it one of the two")
        self._first = int(first)

    @property
    def chats(self) -> bool:
        """See `Answerer.chats`: it brings a chat template."""
        return bool(getattr(self._tokenizer, "chat_template", None))

    @torch.inference_mode()
    def likelihoods(self, asked: Sequence[tuple[Prompt, str]]) -> list[Likelihood]:
        """See `Answerer.likelihoods`."""
        return [self._likelihood(self._text(prompt), answer, bool(prompt.turns)) for prompt, answer in asked]

    @torch.inference_mode()
    def write(self, prompts: Sequence[Prompt], sampling: SamplingConfig, stops: Sequence[str], seed: int) -> list[str]:
        """See `Answerer.write`."""
        generator = torch_generator(seed, "answers")
        return [self._written(self._text(prompt), sampling, stops, generator, bool(prompt.turns)) for prompt in prompts]

    def count(self, text: str) -> int:
        """See `Answerer.count`."""
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    @torch.inference_mode()
    def surprise(self, texts: Sequence[str], lang: str) -> Scored:
        """See `Answerer.surprise`; no end token is counted, since many models were taught none."""
        nats, tokens = np.zeros(len(texts)), np.zeros(len(texts), dtype=np.int64)
        for place, text in enumerate(texts):
            ids = [self._first, *self._tokenizer(text, add_special_tokens=False)["input_ids"]]
            tokens[place] = len(ids) - 1
            for start, stop, counted in windows(len(ids), self._context, 1):
                logits_TV = self._logits(ids[start : stop - 1])[counted - start - 1 :]
                targets_T = torch.tensor(ids[counted:stop])
                nats[place] += float(F.cross_entropy(logits_TV.float(), targets_T, reduction="sum"))
        sizes = np.array([len(text.encode()) for text in texts], dtype=np.int64)
        return Scored(nats, tokens, sizes, [lang] * len(texts))

    def _text(self, prompt: Prompt) -> str:
        if not prompt.turns:
            return prompt.text
        roles = ("user", "assistant")
        messages = [{"role": roles[place % 2], "content": text} for place, text in enumerate(prompt.turns)]
        if self.chats:
            return str(self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
        lines = [f"{message['role'].capitalize()}: {message['content']}" for message in messages]
        return "\n".join([*lines, "Assistant:"])

    def _ids(self, text: str, rendered: bool) -> list[int]:
        """Ids of a text; a chat template has put the special tokens there itself."""
        return list(self._tokenizer(text, add_special_tokens=not (rendered and self.chats))["input_ids"])

    def _likelihood(self, before: str, answer: str, rendered: bool) -> Likelihood:
        if before:
            whole = self._ids(before + answer, rendered)
            cut = max(1, divided(whole, self._ids(before, rendered)))
        else:
            whole, cut = [self._first, *self._tokenizer(answer, add_special_tokens=False)["input_ids"]], 1
        after = whole[cut:]
        kept = whole[-(self._context + 1) :]
        self.cost.cut += len(kept) < len(whole)
        logits_TV = self._logits(kept[:-1])
        return likelihoods_at(logits_TV[-len(after) :], [after])[0]

    def _logits(self, ids: Sequence[int]) -> torch.Tensor:
        self.cost.read += len(ids)
        return self._model(input_ids=torch.tensor([list(ids)])).logits[0]

    def _written(
        self, text: str, sampling: SamplingConfig, stops: Sequence[str], generator: torch.Generator, rendered: bool
    ) -> str:
        room = max(1, self._context - sampling.max_new)
        ids = (self._ids(text, rendered) or [self._first])[-room:]
        self.cost.read += len(ids)
        past, step, new = None, torch.tensor([ids]), list[int]()
        while len(new) < sampling.max_new:
            output = self._model(input_ids=step, past_key_values=past, use_cache=True)
            token = int(sample(output.logits[:, -1].float(), sampling, generator))
            if token == self._tokenizer.eos_token_id:
                break
            new.append(token)
            written = self._tokenizer.decode(new)
            if any(stop in written for stop in stops):
                break
            past, step = output.past_key_values, torch.tensor([[token]])
        self.cost.written += len(new)
        return "".join(until([self._tokenizer.decode(new)], stops))


def load_hub_model(place: str | Path) -> HubModel:
    """A folder with `config.json` and tokenizer files, or a public name `owner/name`, loaded without running its code.

    Raises:
        LabError: transformers is not installed, or there is no such model.
    """
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415
    except ImportError as error:
        raise LabError("models of the hub need transformers", "run `pip install -e '.[harness]'`") from error
    try:
        model = AutoModelForCausalLM.from_pretrained(str(place), use_safetensors=True)
        return HubModel(model, AutoTokenizer.from_pretrained(str(place)))
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())[:300]
        raise LabError(f"{place} is no model that could be loaded: {said}", "name a folder, or `owner/name`") from error

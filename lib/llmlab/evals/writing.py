"""Who writes the continuations: the model, or the n-gram baseline, behind one function type."""

from collections.abc import Callable, Sequence

import torch

from llmlab.decode.engine import generate
from llmlab.decode.sampling import SamplingConfig, sample
from llmlab.evals.kneser_ney import KneserNey
from llmlab.model.transformer import Transformer
from llmlab.runtime.seed import torch_generator
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.chat import encode_prompt, opening
from llmlab.tokenizer.special import END, EOS

# Asked with the number of a text and what was written for it so far: has it come to its end?
Closed = Callable[[int, str], bool]
Writer = Callable[[Sequence[str], Closed | None], list[str]]
_BATCH = 40


def model_writer(model: Transformer, tokenizer: Tokenizer, lang: str, config: SamplingConfig, seed: int) -> Writer:
    """The model continuing documents of a language."""
    special = set(tokenizer.special.values())

    def write(texts: Sequence[str], closed: Closed | None = None) -> list[str]:
        generator = torch_generator(seed, f"writing/{lang}")
        written: list[str] = []
        for first in range(0, len(texts), _BATCH):
            prompts = [[*opening(tokenizer, lang), *tokenizer.encode(text)] for text in texts[first : first + _BATCH]]
            finished = _finished(tokenizer, closed, first) if closed else None
            stop = {tokenizer.special[EOS]}
            banned = special - stop
            ended = generate(
                model, prompts, config, generator, stop=stop, banned=banned, finished=finished, kind="static"
            )
            written += [tokenizer.decode(item.ids) for item in ended]
        return written

    return write


def ngram_writer(model: KneserNey, tokenizer: Tokenizer, lang: str, config: SamplingConfig, seed: int) -> Writer:
    """The n-gram continuing documents of a language, drawn in the same way as the model's text."""
    special = torch.tensor(sorted(set(tokenizer.special.values()) - {tokenizer.special[EOS]}))

    def write(texts: Sequence[str], closed: Closed | None = None) -> list[str]:
        generator = torch_generator(seed, f"n-gram writing/{lang}")
        return [
            _continue(text, _finished(tokenizer, closed, number) if closed else None, generator)
            for number, text in enumerate(texts)
        ]

    def _continue(text: str, finished: Callable[[int, list[int]], bool] | None, generator: torch.Generator) -> str:
        ids = [*opening(tokenizer, lang), *tokenizer.encode(text)]
        new: list[int] = []
        while len(new) < config.max_new:
            logits_BV = torch.from_numpy(model.distribution([*ids, *new][-model.order :])).log()[None]
            logits_BV[:, special] = -torch.inf
            token = int(sample(logits_BV, config, generator))
            if token == tokenizer.special[EOS]:
                break
            new.append(token)
            if finished is not None and finished(0, new):
                break
        return tokenizer.decode(new)

    return write


def answers(model: Transformer, tokenizer: Tokenizer, lang: str, questions: Sequence[str], max_new: int) -> list[str]:
    """The chat model's likeliest answers to one-turn questions."""
    stop = {tokenizer.special[END], tokenizer.special[EOS]}
    banned = set(tokenizer.special.values()) - stop
    config = SamplingConfig(temperature=0, max_new=max_new)
    written: list[str] = []
    for first in range(0, len(questions), _BATCH):
        chunk = questions[first : first + _BATCH]
        prompts = [encode_prompt(tokenizer, lang, [{"role": "user", "content": text}]) for text in chunk]
        ended = generate(model, prompts, config, torch.Generator(), stop=stop, banned=banned, kind="static")
        written += [tokenizer.decode(item.ids) for item in ended]
    return written


def _finished(tokenizer: Tokenizer, closed: Closed, first: int) -> Callable[[int, list[int]], bool]:
    """Ask `closed`, counting rows from `first`, only after a token that could close something.

    Decoding at every step would cost more than the step.
    """

    def check(row: int, ids: list[int]) -> bool:
        return b"]" in tokenizer.token_bytes(ids[-1]) and closed(first + row, tokenizer.decode(ids))

    return check

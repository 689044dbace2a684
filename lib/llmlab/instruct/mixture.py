"""All kinds of example for one set, capped per kind and in a fixed order."""

import random
from collections.abc import Iterable, Sequence

from llmlab.artifacts.documents import Document
from llmlab.instruct.base import InstructConfig, Instruction
from llmlab.instruct.bugs import fixes
from llmlab.instruct.classes import generations
from llmlab.instruct.dialogue import chats, questions
from llmlab.instruct.methods import completions
from llmlab.instruct.prose import continuations
from llmlab.tasks.table import draw_examples


def build(
    documents: Iterable[Document], wanted: str, config: InstructConfig, languages: Sequence[str], seed: int
) -> list[Instruction]:
    """The examples of one set (`train`, `val`, `test`), made from that set's documents only.

    A kind with more examples than its cap is sampled; the validation and test caps are a tenth of the training one.
    """
    rng = random.Random(f"{seed}/instruct/{wanted}")
    most = config.max_characters
    kinds: dict[str, list[Instruction]] = {"completion": [], "generation": [], "fixing": [], "chat": []}
    for document in documents:
        if document.kind == "dialogue":
            kinds["chat"].append(chats(document))
        elif document.kind in ("prose", "verse"):
            kinds.setdefault(f"continuation/{document.lang}", []).extend(continuations(document, most))
        elif document.lang == "smalltalk" and document.kind == "code":
            kinds["completion"] += completions(document, most)
            kinds["generation"] += generations(document, most)
            kinds["fixing"] += fixes(document, most, rng)
    share = 1.0 if wanted == "train" else 0.1
    examples: list[Instruction] = []
    for kind, found in kinds.items():
        cap = len(found) if kind == "chat" else round(share * int(getattr(config, kind.partition("/")[0])))
        examples += found if len(found) <= cap else rng.sample(found, cap)
    for drawn in draw_examples(config.task_names, languages, wanted, round(share * config.tasks), seed).values():
        examples += questions(drawn)
    return list({example.id: example for example in examples}.values())

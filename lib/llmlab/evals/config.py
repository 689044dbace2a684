"""Section `evaluate` of params.yaml."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from llmlab.runtime.precision import Precision

Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, kw_only=True)
class EvaluateConfig:
    """How much is generated, and how."""

    completions: Count = 240
    """Held-out Smalltalk signatures to complete."""
    begun: Count = 32
    """Held-out methods to complete from their first `begun_tokens` code tokens on; 0 leaves this out."""
    begun_tokens: Annotated[int, Field(gt=0)] = 8
    """Code tokens of the body that are shown then."""
    clozes: Count = 48
    """Held-out messages whose hidden selector is to be found; 0 leaves this out."""
    cloze_candidates: Annotated[int, Field(ge=2)] = 16
    """Selectors to choose from."""
    classes: Count = 10
    """Held-out class names to write a class for; 0 leaves this out."""
    class_tokens: Annotated[int, Field(gt=0)] = 250
    """Longest class in tokens; what is cut off there is not held against it."""
    milestone_completions: Count = 24
    """Signatures that every kept step completes; 0 leaves this out."""
    texts: Count = 40
    """Held-out texts per language to continue."""
    temperature: Annotated[float, Field(ge=0, le=10)] = 0.6
    """Sampling temperature of all generated text."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Nucleus of all generated text."""
    max_new: Annotated[int, Field(gt=0)] = 200
    """Longest continuation in tokens; a method not closed by then is cut off and counts as invalid."""
    order: Annotated[int, Field(ge=2, le=7)] = 5
    """Order of the Kneser-Ney baseline."""
    precision: Precision = "fp32"
    """Type of matrix products while scoring; `auto` as in `train`."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "cpu"
    """Where to compute."""
    threads: Annotated[int, Field(gt=0)] = 2
    """CPU threads."""
    sample_prompts: dict[str, str]
    """Per language, the text that every milestone continues."""

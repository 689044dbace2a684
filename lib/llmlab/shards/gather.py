"""A shard in memory: documents encoded on the spot, for studies and measurements that write no files."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from llmlab.artifacts.documents import read_documents
from llmlab.artifacts.errors import LabError
from llmlab.shards.batches import Batch, evaluation_batches
from llmlab.shards.encode import ShardConfig, encode_documents
from llmlab.shards.format import EncodedDocument, Shard
from llmlab.tokenizer.byte import ByteTokenizer, make_byte

_LANGUAGES = ("smalltalk", "english", "chinese")


def gather(documents: Iterable[EncodedDocument]) -> Shard:
    """The documents as one run of ids, as `write_shard` and `read_shard` would give it back.

    Raises:
        LabError: there is no document.
    """
    held = list(documents)
    if not held:
        raise LabError("there is no document to make a shard of", "run `dvc repro split`, which deals them out")
    lengths = np.array([len(document.ids) for document in held], dtype=np.int64)
    return Shard(
        ids=np.concatenate([np.asarray(document.ids, dtype=np.int64) for document in held]),
        starts=np.cumsum(lengths) - lengths,
        text_bytes=np.array([document.text_bytes for document in held], dtype=np.int64),
        languages=[document.lang for document in held],
        kinds=[document.kind for document in held],
        document_ids=[document.id for document in held],
    )


def byte_tokenizer() -> ByteTokenizer:
    """The tokenizer of `byte_shard`: small models that read bytes are matrices and not a vocabulary."""
    return make_byte(_LANGUAGES)


def byte_shard(documents: Path) -> Shard:
    """A file of documents of the stage `split`, read as bytes.

    Raises:
        LabError: as `read_documents` and `gather`.
    """
    return gather(encode_documents(read_documents(documents, "split"), byte_tokenizer(), ShardConfig()))


def spread_batches(shard: Shard, context: int, rows: int, tokens: int) -> list[Batch]:
    """Batches of about so many tokens from all over a set, which stands in the order of languages."""
    batches = evaluation_batches(shard, context, rows, False)
    count = min(len(batches), max(1, tokens // (context * rows)))
    return [batches[number * len(batches) // count] for number in range(count)]

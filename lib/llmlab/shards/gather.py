"""A shard in memory from documents already encoded, for studies and measurements that write no files."""

from collections.abc import Iterable

import numpy as np

from llmlab.artifacts.errors import LabError
from llmlab.shards.format import EncodedDocument, Shard


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

"""Documents read as bytes, a vocabulary of 256 and little more: small models of studies are matrices by it."""

from pathlib import Path

from llmlab.artifacts.documents import read_documents
from llmlab.shards.batches import Batch, evaluation_batches
from llmlab.shards.encode import ShardConfig, encode_documents
from llmlab.shards.format import Shard
from llmlab.shards.gather import gather
from llmlab.tokenizer.byte import ByteTokenizer, make_byte

_LANGUAGES = ("smalltalk", "english", "chinese")


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

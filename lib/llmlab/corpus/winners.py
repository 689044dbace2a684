"""Of every cluster of duplicates one document stays: in two passes, so that no text is held."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from llmlab.artifacts.documents import Document
from llmlab.corpus.exact import exact_key
from llmlab.corpus.outcome import Dropped, Kept

# A test document is the last to lose, since what is lost there could leak in from train.
_SET_RANK = {"test": 0, "val": 1, "train": 2}
_Rank = tuple[int, int, str, str, str]


@dataclass(frozen=True, order=True)
class _Winner:
    rank: _Rank
    position: int
    id: str
    key: str


def keep_one(
    read: Callable[[], Iterable[Document]],
    documents: Iterable[Document],
    clusters: Mapping[str, str],
    set_of: Callable[[Document], str],
) -> Iterator[Kept | Dropped]:
    """Yield every one of `documents` in order: of each cluster one is kept, the others name the winner's id.

    Kept is the one in test before val before train, then the longest text, then the smallest id; between copies of
    one id, the first by source and path. Documents outside `clusters` are all kept. `read` gives the same documents,
    for the pass that chooses.
    """
    best = _choose(read(), clusters, set_of)
    for position, document in enumerate(documents):
        winner = best[clusters[document.id]] if document.id in clusters else None
        if winner is None or winner.position == position:
            yield Kept(document)
            continue
        same = winner.key == exact_key(document)
        yield Dropped(document, "dedupe", "exact duplicate" if same else "near duplicate", f"of {winner.id}")


def _choose(
    documents: Iterable[Document], clusters: Mapping[str, str], set_of: Callable[[Document], str]
) -> dict[str, _Winner]:
    best: dict[str, _Winner] = {}
    for position, document in enumerate(documents):
        if document.id not in clusters:
            continue
        cluster = clusters[document.id]
        rank = (_SET_RANK[set_of(document)], -len(document.text), document.id, document.source, document.path)
        if cluster not in best or rank < best[cluster].rank:
            best[cluster] = _Winner(rank, position, document.id, exact_key(document))
    return best

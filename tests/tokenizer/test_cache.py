from llmlab.tokenizer import cache
from llmlab.tokenizer.cache import PieceCache


def test_each_piece_is_spelt_once():
    asked = []

    def spell(piece):
        asked.append(piece)
        return [ord(character) for character in piece]

    known = PieceCache(spell)
    assert known.spell(["ab", "c", "ab"]) == [97, 98, 99, 97, 98]
    assert known.spell([]) == []
    assert asked == ["ab", "c"]


def test_a_full_cache_starts_anew(monkeypatch):
    monkeypatch.setattr(cache, "_MOST", 2)
    known = PieceCache(lambda piece: [len(piece)])
    assert known.spell(["a", "bb", "ccc", "a"]) == [1, 2, 3, 1]
    assert set(known) == {"ccc", "a"}

from pathlib import Path

from llmlab.smalltalk.formats.visualworks import read_visualworks

TEXT = (Path(__file__).parents[1] / "fixtures" / "formats" / "visualworks.st").read_text(encoding="utf-8")


def test_classes_comments_and_loose_methods():
    reading = read_visualworks(TEXT)
    lantern, loose = reading.classes
    assert (lantern.category, lantern.comment) == ("Fixtures-Light", "I give light & warmth.")
    assert [each.protocol for each in lantern.methods] == ["instances", "light", "light"]
    assert lantern.methods[1].source == "dim\n\toil < 3 ifTrue: [wick := nil]"
    assert (loose.name, loose.kind) == ("Core.Object", "extension")
    assert reading.skipped == {"initialize": 1}


def test_what_stands_before_a_fault_is_kept():
    reading = read_visualworks(TEXT[: TEXT.index("glow\n")])
    assert [each.selector for each in reading.classes[0].methods] == ["new", "dim"]
    assert any(reason.startswith("broken XML") for reason in reading.skipped)


def test_control_characters_do_not_end_a_file():
    reading = read_visualworks(TEXT.replace("wick := nil", "wick := '\x01\x0c'"))
    assert reading.classes[0].methods[1].source.endswith("wick := '']")

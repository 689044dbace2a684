import pytest

from llmlab.smalltalk.hierarchy import Hierarchy
from llmlab.smalltalk.parser import parse_method
from llmlab.smalltalk.receivers import Receiver, creations, sent_messages
from llmlab.smalltalk.records import ClassRecord, MethodRecord, Side

ACCOUNT = ClassRecord(
    name="Account",
    superclass="Object",
    methods=(
        MethodRecord("Account", "instance", "", "deposit:", ""),
        MethodRecord("Account", "class", "", "owner:", ""),
    ),
)


@pytest.fixture(scope="module")
def hierarchy() -> Hierarchy:
    return Hierarchy([ACCOUNT])


def receivers(source: str, hierarchy: Hierarchy, side: Side = "instance") -> dict[str, tuple[str, Receiver | None]]:
    found = sent_messages(parse_method(source), Receiver("Account", side), hierarchy)
    return {each.selector: (each.sort, each.receiver) for each in found}


def instance(name: str) -> Receiver:
    return Receiver(name, "instance")


@pytest.mark.parametrize(
    ("expression", "sort", "receiver"),
    [
        ("self foo", "self", instance("Account")),
        ("super foo", "super", Receiver("Account", "instance", above=True)),
        ("Account foo", "global", Receiver("Account", "class")),
        ("Unknown foo", "global", None),
        ("Transcript foo", "global", instance("TranscriptStream")),
        ("3 foo", "number", instance("Integer")),
        ("3.5 foo", "number", instance("Float")),
        ("'a' foo", "string", instance("String")),
        ("#a foo", "symbol", instance("Symbol")),
        ("$a foo", "character", instance("Character")),
        ("#(1) foo", "literalarray", instance("Array")),
        ("{ 1 } foo", "bracearray", instance("Array")),
        ("[ 1 ] foo", "block", instance("BlockClosure")),
        ("true foo", "true", instance("Boolean")),
        ("nil foo", "nil", instance("UndefinedObject")),
        ("arg foo", "argument", None),
        ("name foo", "variable", None),
        ("temp foo", "temporary", None),
        ("self bar foo", "send", None),
        ("Account new foo", "send", instance("Account")),
        ("(Array new: 3) foo", "send", instance("Array")),
        ("Account new yourself foo", "send", instance("Account")),
        ("(Account new deposit: 3; yourself) foo", "send", instance("Account")),
        ("(Account owner: 3) foo", "send", None),
    ],
)
def test_what_a_receiver_is(expression: str, sort: str, receiver: Receiver | None, hierarchy: Hierarchy) -> None:
    source = f"do: arg\n\t| temp |\n\ttemp := self compute.\n\t^ {expression}"
    assert receivers(source, hierarchy)["foo"] == (sort, receiver)


@pytest.mark.parametrize(
    ("body", "receiver"),
    [
        ("x := Account new. ^ x foo", instance("Account")),
        ("x := 3. x := 4. ^ x foo", instance("Integer")),
        ("x := 3. x := 'a'. ^ x foo", None),
        ("x := Account new. x := self bar. ^ x foo", None),
        ("^ [ x := Account new ] value. x foo", instance("Account")),
        ("x := Account new. ^ [ :x | x foo ]", None),  # another x
    ],
)
def test_temporaries_of_one_kind(body: str, receiver: Receiver | None, hierarchy: Hierarchy) -> None:
    assert receivers(f"m\n\t| x |\n\t{body}", hierarchy)["foo"][1] == receiver


def test_every_part_of_a_cascade_goes_to_its_receiver(hierarchy: Hierarchy) -> None:
    found = receivers("m\n\tTranscript show: 'a'; foo; yourself", hierarchy)
    assert [found[name][1] for name in ("show:", "foo", "yourself")] == [instance("TranscriptStream")] * 3


def test_understanding(hierarchy: Hierarchy) -> None:
    assert instance("Account").understands("deposit:", hierarchy) is True
    assert instance("Account").understands("withdraw:", hierarchy) is False
    above = Receiver("Account", "instance", above=True)
    assert above.understands("deposit:", hierarchy) is False
    assert above.understands("printString", hierarchy) is True
    assert Receiver("Nobody", "instance", above=True).understands("x", hierarchy) is None


def test_creators_send_to_what_they_made(hierarchy: Hierarchy) -> None:
    source = "owner: a\n\t^ self new setOwner: a; deposit: (super new size); yourself"
    sent = sent_messages(parse_method(source), Receiver("Account", "class"), hierarchy)
    assert [each.selector for each in creations(sent)] == ["size"]
    source = "owner: a\n\t^ self basicNew setOwner: a"
    sent = sent_messages(parse_method(source), Receiver("Account", "class"), hierarchy)
    assert [(each.selector, each.receiver) for each in creations(sent)] == [("setOwner:", instance("Account"))]


def test_a_long_chain_does_not_go_deep(hierarchy: Hierarchy) -> None:
    for word in ("foo", "new", "yourself"):
        found = sent_messages(
            parse_method("m\n\t^ self" + f" {word}" * 1500), Receiver("Account", "instance"), hierarchy
        )
        assert len(found) == 1500

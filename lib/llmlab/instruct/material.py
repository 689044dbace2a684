"""A method as questions show it, and whether its text can be inferred at all."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from llmlab.smalltalk.dialects import PHARO, Dialect
from llmlab.smalltalk.lexer import Token, tokenize, unquoted
from llmlab.smalltalk.measure import undeclared
from llmlab.smalltalk.nodes import Character, LiteralArray, Method, Number, Return, String
from llmlab.smalltalk.parser import parse_method, parse_pattern
from llmlab.smalltalk.records import ClassRecord, MethodRecord
from llmlab.smalltalk.rendering import render_header

_LITERALS = (Number, String, Character, LiteralArray)
_TEST = re.compile(r"Tests?$|TestCase$")


@dataclass(frozen=True)
class Material:
    """One method of a class: its record, its tree, where its pattern ends in the source, and the dialect of it all."""

    owner: ClassRecord
    record: MethodRecord
    tree: Method
    stop: int
    dialect: Dialect = PHARO

    @property
    def source(self) -> str:
        """Pattern and body, as the tree's ranges count it."""
        return self.record.source

    @property
    def header(self) -> str:
        """The line that opens the document of the class."""
        return render_header(replace(self.owner, comment=""))

    @property
    def holder(self) -> str:
        """`Counter` or `Counter class`."""
        return self.record.class_name + (" class" if self.record.side == "class" else "")

    @property
    def signature(self) -> str:
        """`Counter >> add: n [`."""
        return f"{self.holder} >> {self.source[: self.stop]} ["

    @property
    def body(self) -> str:
        """What follows the signature, up to the closing bracket."""
        return f"{self.source[self.stop :]}\n]"

    @property
    def text(self) -> str:
        """The method as it stands in a document, without its category."""
        return self.signature + self.body

    def place(self, position: int) -> int:
        """Where a position of the body in `source` lies in `text`."""
        assert position >= self.stop
        return position + len(self.signature) - self.stop

    def tokens(self, *, comments: bool = False) -> list[Token]:
        """The tokens of `source`."""
        return tokenize(self.source, comments=comments, dialect=self.dialect)

    def comment(self) -> Token | None:
        """The comment that the body opens with."""
        first = next((each for each in self.tokens(comments=True) if each.start >= self.stop), None)
        return first if first and first.kind == "comment" else None

    def comment_text(self) -> str:
        """That comment without quotes and outer blanks; empty when there is none."""
        token = self.comment()
        return unquoted(token.text).strip() if token else ""

    def has_known_names(self) -> bool:
        """Whether every variable is declared in the method or in the class header, and so can be seen there.

        A method that uses a variable of a superclass is a riddle: the header does not list it.
        """
        variables = (
            self.owner.instance_variables if self.record.side == "instance" else self.owner.class_instance_variables
        )
        return not undeclared(self.tree, {*variables, *self.owner.class_variables})

    def stands_alone(self) -> bool:
        """Whether the method uses no variable of its class."""
        used = set(self.owner.class_variables) & {each.text for each in self.tokens()}
        return not used and not undeclared(self.tree, ())

    def is_test(self) -> bool:
        """Whether it is a test: what that checks is known to nobody who sees its name only."""
        return is_test_class(self.owner) and self.record.selector.startswith("test")

    def is_constant(self) -> bool:
        """Whether it has no statement, or only answers a number, string or array that nothing leads to."""
        body = self.tree.body
        alone = body[0] if len(body) == 1 else None
        return not body or (isinstance(alone, Return) and isinstance(alone.value, _LITERALS))

    def is_abstract(self) -> bool:
        """Whether it leaves the work to subclasses."""
        return "subclassResponsibility" in self.source


def is_test_class(record: ClassRecord) -> bool:
    """Whether a class is one of tests, by its name or its superclass."""
    return any(map(_TEST.search, (record.name, record.superclass)))


def methods_of(record: ClassRecord, dialect: Dialect = PHARO) -> Iterator[Material]:
    """The methods of a rendered class, in order; raises SmalltalkSyntaxError at one of another dialect."""
    for method in record.methods:
        tree, stop = parse_method(method.source, dialect), parse_pattern(method.source, dialect).stop
        yield Material(record, method, tree, stop, dialect)

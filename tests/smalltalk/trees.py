"""Random syntax trees: only such as the dialect's parser could have read."""

from dataclasses import dataclass
from functools import cached_property

from hypothesis import strategies as st

from llmlab.smalltalk.dialects import Dialect
from llmlab.smalltalk.nodes import (
    Assign,
    Binding,
    Block,
    BraceArray,
    ByteArray,
    Cascade,
    Character,
    CompileTime,
    Constant,
    Dictionary,
    ExpressionArray,
    ForeignCall,
    LiteralArray,
    LooseByteArray,
    Message,
    Method,
    Number,
    Pragma,
    Return,
    Send,
    Sequence,
    String,
    Symbol,
    Variable,
)

WORDS = ["a", "b", "count", "self", "super", "nil", "Foo", "thisContext", "e5", "r1"]
OPERATORS = ["+", "-", "--", "*", "|", "||", "<", ">", "->", "=", "~=", "//", "\\", "<=", "@", ",", "&"]
TEXTS = st.text(alphabet="ab '\"\n[]{}().;:#$^|é\t_", max_size=6)
CODES = {"gnu": ["<65>", "<16r41>"], "dolphin": ["\\n", "\\x41"]}


def tuples(strategy, size=3):
    return st.lists(strategy, max_size=size).map(tuple)


@dataclass(frozen=True)
class Trees:
    """Strategies for one dialect."""

    dialect: Dialect

    @cached_property
    def names(self):
        more = ["_x", "a_b"] * ("_" in self.dialect.identifier or "w" in self.dialect.identifier)
        more = [each for each in more if self.dialect.name != "gnu" or each[0] != "_"]
        return st.sampled_from(WORDS + more + ["été"] * ("w" in self.dialect.identifier))

    @cached_property
    def operators(self):
        more = [] if self.dialect.longest_operator else ["==>", "~~>"]
        more += ["!"] * ("!" in self.dialect.operators) + ["^"] * self.dialect.caret_sends
        return st.sampled_from([*OPERATORS, *more])

    def message(self, draw, expressions):
        """A selector and its arguments."""
        kind = draw(st.sampled_from(["unary", "binary", "keyword"]))
        if kind == "unary":
            return draw(self.names), ()
        if kind == "binary":
            return draw(self.operators), (draw(expressions),)
        parts = draw(st.lists(self.names, min_size=1, max_size=3))
        parts = [each if each != "b" else "aRatherLongKeywordThatBreaksLines" for each in parts]
        return "".join(f"{each}:" for each in parts), tuple(draw(expressions) for _ in parts)

    @cached_property
    def numbers(self):
        pairs = [("integer", "0"), ("integer", "-42"), ("integer", "16rFF"), ("float", "-2.5"), ("float", "1.5e-3")]
        return st.sampled_from(pairs + [("scaled", "3s")] * self.dialect.scaled).map(lambda pair: Number(*pair))

    @cached_property
    def atoms(self):
        characters = st.characters(codec="ascii" if self.dialect.name == "gnu" else "utf-8")
        # `$<` and a number could read as a code, and so could `$\\` and a letter.
        plain = characters.filter(lambda each: each not in "<\\")
        symbols = st.sampled_from(
            ["at:put:", "foo:bar", "+", "->", "-", "foo", "true", "||", ">", "a_b", "Foo.Bar", "^", ":"]
        )
        rows = [
            self.numbers,
            (plain | st.sampled_from(CODES.get(self.dialect.name, ["a"]))).map(Character),
            TEXTS.map(String),
            (TEXTS | symbols).map(Symbol),
        ]
        if self.dialect.byte_arrays:
            rows.append(tuples(st.integers(0, 255).map(lambda each: Number("integer", str(each)))).map(ByteArray))
        if self.dialect.loose_bytes:
            mixed = tuples(self.numbers | st.just(Variable("nan"))).map(lambda found: (*found, Number("float", "2.5")))
            rows.append(mixed.map(LooseByteArray))
        if self.dialect.bindings:
            rows.append(st.sampled_from(["Foo", "Smalltalk.Foo", "A.B.C"]).map(Binding))
        return st.one_of(rows)

    @cached_property
    def arrays(self):
        constants = st.sampled_from(["true", "false", "nil"]).map(Constant)
        found = st.recursive(self.atoms | constants, lambda inner: tuples(inner, 4).map(LiteralArray), max_leaves=8)
        return found.filter(lambda node: not isinstance(node, Constant))

    @cached_property
    def variables(self):
        return self.names.map(Variable)

    @cached_property
    def expressions(self):
        mark = "." if r"\." in self.dialect.paths else "::"
        paths = st.sampled_from([f"Smalltalk{mark}Foo", f"A{mark}B{mark}C"]) if self.dialect.paths else st.nothing()
        return st.recursive(self.variables | paths.map(Variable) | self.arrays, self.compound, max_leaves=12)

    def compound(self, inner):
        kinds = [
            self.sends(inner),
            self.cascades(inner),
            st.builds(Assign, self.variables, inner),
            st.builds(Block, tuples(self.variables, 2), self.block_temporaries, self.bodies(inner)),
        ]
        elements = self.statements(inner) if self.dialect.brace_returns else inner
        if self.dialect.braces:
            kinds.append(tuples(elements).map(BraceArray))
        if self.dialect.dictionaries:
            kinds.append(tuples(st.builds(lambda key, value: Send(key, "->", (value,)), inner, inner)).map(Dictionary))
        if self.dialect.expression_bytes:
            kinds.append(
                st.builds(lambda first, rest: ExpressionArray((Variable("x"), first, *rest)), inner, tuples(inner))
            )
        openings = ["##("] * self.dialect.compile_time
        if openings:
            kinds.append(
                st.builds(CompileTime, st.sampled_from(openings), tuples(self.variables, 2), self.bodies(inner))
            )
        return st.one_of(kinds)

    @cached_property
    def block_temporaries(self):
        return tuples(self.variables, 2) if self.dialect.block_temporaries else st.just(())

    def statements(self, expressions):
        return expressions | expressions.map(Return)

    def bodies(self, expressions):
        if self.dialect.unreachable:
            return tuples(self.statements(expressions))
        return st.builds(lambda body, last: (*body, *last), tuples(expressions), tuples(expressions.map(Return), 1))

    def sends(self, expressions):
        @st.composite
        def build(draw):
            receiver = draw(expressions)
            return Send(receiver, *self.message(draw, expressions))

        return build()

    def cascades(self, expressions):
        @st.composite
        def build(draw):
            messages = [Message(*self.message(draw, expressions)) for _ in range(draw(st.integers(2, 3)))]
            if self.dialect.cascade_goes_on and not messages[-1].selector.endswith(":"):
                first = messages[-1]
                rest = (Message("+", (draw(expressions),)), Message("at:", (draw(expressions),)))
                messages[-1] = Message(first.selector, first.arguments, rest[draw(st.integers(0, 2)) :])
            return Cascade(draw(expressions), tuple(messages))

        return build()

    def pragmas(self):
        @st.composite
        def build(draw):
            if self.dialect.foreign and draw(st.booleans()):
                return ForeignCall(sorted(self.dialect.foreign)[0] + " long 'f' (long long*)")
            arguments = self.arrays | st.sampled_from(["true", "nil"]).map(self.constant)
            selector, values = self.message(draw, arguments)
            if self.dialect.primitive_names and draw(st.booleans()):
                return Pragma("primitive:error:", (Number("integer", "60"), Variable("ec")))
            return Pragma(
                "foo" if selector[0] in "<>^" or (values and selector[-1] != ":") else selector,
                values * (selector[-1] == ":"),
            )

        return build()

    def constant(self, name):
        # A GNU pragma has expressions for arguments, and there these are names.
        return Variable(name) if self.dialect.pragma_expressions else Constant(name)

    def methods(self):
        @st.composite
        def build(draw):
            selector, arguments = self.message(draw, self.variables)
            pragmas = draw(tuples(self.pragmas(), 2))
            return Method(
                selector, arguments, pragmas, draw(tuples(self.variables, 2)), draw(self.bodies(self.expressions))
            )

        return build()

    def sequences(self):
        return st.builds(Sequence, tuples(self.variables, 2), self.bodies(self.expressions))

"""Right sums, and sixty expressions that are none or would be too much."""

import random
import time
import tracemalloc
from fractions import Fraction

import pytest

from llmlab.tools.base import FAILED, ToolError, answer_call
from llmlab.tools.calculator import MOST_BITS, MOST_DEPTH, Calculator, value_of, written

# Python's own value stands beside each: its precedence is the one promised.
RIGHT = [
    ("2+3*4", 2 + 3 * 4),
    ("(2+3)*4", (2 + 3) * 4),
    ("-2**2", -(2**2)),
    ("2**3**2", 2**3**2),
    ("2**-1", 2**-1),
    ("-7//2", -7 // 2),
    ("-7 % 3", -7 % 3),
    ("7 % -3", 7 % -3),
    ("1 - 2 - 3", 1 - 2 - 3),
    ("100 / 5 / 2", 100 / 5 / 2),
    ("--5", 5),
    ("-+-5", 5),
    ("2 * -3", 2 * -3),
    ("12.5 * 2", 12.5 * 2),
    ("007", 7),
]

HOSTILE = [
    # powers, products and digits without end
    "9**9**9",
    "9**9**9**9**9",
    "10**(10**10)",
    "2**1025",
    "(2**1000)*(2**1000)",
    "2**-1025",
    "(1/3)**1000",
    "(10**300)/(1/10**300)",
    "9" * 201,
    "9" * 20_000,
    "1." + "0" * 150 + "1*" + "9" * 20 + "." + "9" * 20 + "e9",
    "99**99**99",
    "2**2**2**2**2**2",
    "(9**9)**(9**9)",
    "(((((9**9)**9)**9)**9)**9)",
    # nesting and chains
    "(" * 60 + "1" + ")" * 60,
    "(" * 100_000,
    "-" * 199 + "1",
    "-" * 100_000 + "1",
    "2**" * 60 + "1",
    "+".join(["1"] * 5000),
    ")" * 50,
    # Python that is no arithmetic
    "__import__('os').system('true')",
    "().__class__.__bases__[0].__subclasses__()",
    "open('/etc/passwd').read()",
    "exec('x=1')",
    "eval('1')",
    "lambda: 1",
    "[x for x in (1,)]",
    "(1).__class__",
    "1 .real",
    "1.real",
    "1 if 1 else 2",
    "x",
    "x:=1",
    "pi",
    "True",
    "None",
    "inf",
    "nan",
    "abs(-1)",
    "print(1)",
    "'a'*9",
    '"a"*1000000000',
    "f'{1}'",
    "b'1'",
    "[1]*1000000000",
    "{1}",
    "1,2",
    "1;2",
    "1\n2",
    "1 # 2",
    "1<<100000",
    "1|1",
    "1==1",
    "@",
    # numbers in other clothes
    "1e999999999",
    "0x10",
    "0b1",
    "1_000",
    "1j",
    "٣+٤",
    "１+１",
    "²",
    "½",
    "𝟏+1",
    "1\u200b+1",
    "1\x00",
    "1\u2212 1",
    # what has no value
    "1/0",
    "1//0",
    "1%0",
    "0**-1",
    "2**0.5",
    "(-8)**(1/3)",
    "",
    "   ",
    "1+",
    "*1",
    "1 2",
    ".5",
    "1..2",
    "()",
    "<|calc|>1+1<|/calc|>",
]


@pytest.mark.parametrize(("expression", "value"), RIGHT)
def test_precedence_is_that_of_python(expression: str, value: float) -> None:
    assert value_of(expression) == Fraction(value)


def test_decimals_are_exact_and_rounded_only_when_written() -> None:
    assert value_of("0.1 + 0.2") == Fraction(3, 10)
    said = [written(value) for value in (Fraction(1, 3), Fraction(-1, 4), Fraction(2, 3000), Fraction(10**15 + 1, 2))]
    assert said == ["0.333333333333", "-0.25", "0.000666666666667", "500000000000000"]


def test_decimals_agree_with_floats_at_twelve_digits() -> None:
    rng = random.Random(1)
    for _ in range(300):
        value = Fraction(rng.randint(-(10**6), 10**6), rng.randint(1, 10**6))
        assert float(written(value)) == pytest.approx(float(value), rel=1e-11)


def test_random_sums_are_those_of_fractions() -> None:
    """Trees of the four operations, each written with all its brackets."""
    rng = random.Random(1)

    def tree(depth: int) -> tuple[str, Fraction]:
        if depth == 0 or rng.random() < 0.2:
            number = rng.randint(0, 99)
            return str(number), Fraction(number)
        (a, x), (b, y) = tree(depth - 1), tree(depth - 1)
        sign, value = rng.choice([("+", x + y), ("-", x - y), ("*", x * y), ("/", x / y if y else None)])
        return (f"({a} {sign} {b})", value) if value is not None else (f"({a} + {b})", x + y)

    for _ in range(200):
        text, value = tree(3)
        assert value_of(text) == value, text


def test_at_least_sixty_are_hostile() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 60


def test_no_hostile_expression_has_a_value_or_takes_long_or_much() -> None:
    tools = {"calc": Calculator()}
    tracemalloc.start()
    started = time.process_time()
    for expression in HOSTILE:
        assert answer_call(tools, "calc", expression).startswith(FAILED), expression
        with pytest.raises(ToolError):
            value_of(expression)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - started < 5
    assert peak < 4 << 20


def test_the_bounds_are_where_they_are_said_to_be() -> None:
    assert value_of(f"2**{MOST_BITS - 1}") == 2 ** (MOST_BITS - 1)
    assert value_of("(" * (MOST_DEPTH - 1) + "1" + ")" * (MOST_DEPTH - 1)) == 1
    for expression in (f"2**{MOST_BITS}", "(" * MOST_DEPTH + "1" + ")" * MOST_DEPTH):
        with pytest.raises(ToolError):
            value_of(expression)


def test_the_dearest_expression_that_is_allowed_is_cheap() -> None:
    """Two hundred characters of the operations that cost most, on the largest numbers."""
    expression = "+".join(["3**600"] * 28)
    started = time.process_time()
    for _ in range(20):
        assert written(value_of(expression))
    assert (time.process_time() - started) / 20 < 0.05

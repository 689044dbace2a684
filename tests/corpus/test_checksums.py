"""Against numbers that the standards and the issuers print as examples."""

import pytest

from llmlab.corpus.checksums import (
    is_date,
    is_hong_kong_number,
    is_iban,
    is_isbn,
    is_resident_number,
    is_taiwan_number,
    luhn,
)

EXAMPLES = [
    (luhn, "79927398713"),  # ISO/IEC 7812's own
    (luhn, "4111 1111 1111 1111"),
    (luhn, "3782-822463-10005"),
    (is_resident_number, "11010519491231002X"),  # GB 11643-1999
    (is_resident_number, "440524188001010014"),
    (is_hong_kong_number, "A123456(3)"),  # the specimen card
    (is_hong_kong_number, "G123456(A)"),
    (is_taiwan_number, "A123456789"),
    (is_iban, "GB82 WEST 1234 5698 7654 32"),  # the IBAN registry
    (is_iban, "DE89370400440532013000"),
    (is_isbn, "978-0-306-40615-7"),  # ISO 2108
]


@pytest.mark.parametrize(("check", "number"), EXAMPLES)
def test_printed_examples_pass_and_any_other_digit_in_them_does_not(check, number: str) -> None:
    assert check(number)
    for place, sign in enumerate(number):
        if sign.isdigit():
            changed = f"{number[:place]}{(int(sign) + 1) % 10}{number[place + 1 :]}"
            assert not check(changed), changed


def test_dates() -> None:
    assert is_date("20240229")
    assert not is_date("20230229")
    assert not is_date("18490101")
    assert not is_date("20241301")


def test_a_resident_number_holds_a_day_that_exists() -> None:
    # Its check digit is right.
    assert not is_resident_number("110105194913310028")

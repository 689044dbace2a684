"""Check digits of the numbers that people are known by: what tells an identity card from any eighteen digits."""

import datetime

# GB 11643-1999: weight of each of the first 17 digits, and the last character by the sum modulo 11.
_GB_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_GB_LAST = "10X98765432"
# Number of the first letter of a Taiwanese card; I, O, W and Z came late, so the order is not the alphabet's.
_TAIWAN = {letter: number for number, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO", start=10)}


def luhn(number: str) -> bool:
    """Whether digits end in the check digit of ISO/IEC 7812, as on payment cards; blanks and hyphens do not count."""
    digits = [int(character) for character in number if character.isdigit()]
    doubled = (divmod(2 * digit, 10) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(tens + ones for tens, ones in doubled)) % 10 == 0


def is_resident_number(number: str) -> bool:
    """Whether 18 characters are a Chinese identity number: a date that exists and the check digit of GB 11643-1999."""
    if not is_date(number[6:14]):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_GB_WEIGHTS, number[:17], strict=True))
    return _GB_LAST[total % 11] == number[17].upper()


def is_date(digits: str) -> bool:
    """Whether `YYYYMMDD` is a day between 1850 and 2099."""
    try:
        day = datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return 1850 <= day.year <= 2099


def is_hong_kong_number(number: str) -> bool:
    """Whether `A123456(3)`, one or two letters and six digits, ends in its check digit (modulo 11, A for 10)."""
    plain = "".join(character for character in number if character.isalnum()).upper()
    body = plain[:-1].rjust(8)
    # A missing first letter counts as 36; letters from A = 10.
    values = [36 if character == " " else int(character, 36) for character in body]
    last = int(plain[-1], 36)
    return (sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True)) + last) % 11 == 0


def is_taiwan_number(number: str) -> bool:
    """Whether a letter and nine digits end in their check digit (modulo 10)."""
    first = _TAIWAN[number[0].upper()]
    digits = [first // 10, first % 10, *map(int, number[1:])]
    return (
        sum(digit * weight for digit, weight in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10 == 0
    )


def is_iban(number: str) -> bool:
    """Whether an account number leaves 1 modulo 97 as ISO 13616 asks; blanks do not count."""
    plain = "".join(number.split()).upper()
    return int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1


def is_isbn(number: str) -> bool:
    """Whether digits are the number of a book, of thirteen places; those of ten are too much like telephone numbers."""
    digits = [int(character) for character in number if character.isdigit()]
    weighted = (digit * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return len(digits) == 13 and digits[:2] == [9, 7] and digits[2] in (8, 9) and sum(weighted) % 10 == 0

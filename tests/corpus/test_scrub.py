import pytest

from llmlab.corpus.scrub import scrub


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Write to jo.doe+x@mail.example.co.uk today.", "Write to <email> today."),
        ("Call +1 (555) 123-4567 now", "Call <number> now"),
        ("电话 138 0013 8000。", "电话 <number>。"),
        ("key sk-abcdefghijklmnopqrstuvwx.", "key <key>."),
        ("ghp_" + "a" * 36, "<key>"),
        ("AKIAIOSFODNN7EXAMPLE", "<key>"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nrest", "<key>\nrest"),
    ],
)
def test_found(text: str, clean: str) -> None:
    assert scrub(text, "prose") == clean


@pytest.mark.parametrize(
    "text",
    [
        "In 1984, 12 of 1,000,000 people",
        "1914-1918 and 1939-1945",
        "3.14159265358979",
        "10,000,000,000",
        "at the café @ noon",
        "a sk-etch",
        "x1234567890",
    ],
)
def test_left_alone(text: str) -> None:
    assert scrub(text, "prose") == text


def test_code_computes() -> None:
    code = '^ origin@corner.next := 1234567890123. "me@example.org"'
    assert scrub(code, "code") == '^ origin@corner.next := 1234567890123. "<email>"'

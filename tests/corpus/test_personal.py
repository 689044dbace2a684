import pytest

from llmlab.corpus.personal import SHAPES_IN_CODE, find_personal

FOUND = [
    ("email", "jo.doe+x@mail.example.co.uk"),
    ("email", "lisi@qq.com"),
    ("email", "anna [at] example [dot] com"),
    ("phone", "13800138000"),
    ("phone", "+86 138-0013-8000"),
    ("phone", "010-65529988-123"),
    ("phone", "(0571)87654321"),
    ("phone", "400-820-8820"),
    ("phone", "+1 (555) 123-4567"),
    ("phone", "(555) 123-4567"),
    ("phone", "+44 20 7946 0958"),
    ("phone", "020 7946 0958"),
    ("phone", "030/1234567"),
    ("phone", "03-1234-5678"),
    ("phone", "01 42 68 53 00"),
    ("id", "11010519491231002X"),
    ("id", "078-05-1120"),
    ("id", "A123456(3)"),
    ("id", "A123456789"),
    ("id", "AB 12 34 56 C"),
    ("card", "4111 1111 1111 1111"),
    ("card", "3782 822463 10005"),
    ("iban", "GB82 WEST 1234 5698 7654 32"),
    ("ip", "203.0.113.77"),
    ("ip", "2001:db8:85a3::8a2e:370:7334"),
    ("mac", "00:1b:44:11:3a:b7"),
]


@pytest.mark.parametrize(("tag", "item"), FOUND)
@pytest.mark.parametrize("carrier", ["It is {}, he said.", "他说：{}，就这样。", "他把{}写下来"])
def test_found_whole_in_both_languages(tag: str, item: str, carrier: str) -> None:
    text = carrier.format(item)
    start = text.index(item)
    spans = set(find_personal(text))
    assert (start, start + len(item), tag) in spans
    assert all(start <= first and last <= start + len(item) for first, last, _ in spans)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("phone", "call me at 5551234567 tonight"),
        ("phone", "联系电话 8765 4321"),
        ("id", "身份证 130503670401001"),
        ("id", "身份证号：110105194912310021"),  # a slip in its check digit, but announced
        ("id", "护照号码：G12345678"),
        ("id", "my SSN is 078051120"),
        ("card", "卡号 1234567890123456"),
        ("ip", "ping 8.8.8.8"),
        ("account", "QQ：12345678"),
        ("account", "微信号：zhang_wei88"),
    ],
)
def test_found_behind_a_word(tag: str, text: str) -> None:
    assert tag in {found for *_, found in find_personal(text)}


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # Luhn
        "110105194912310021",  # its check digit
        "GB82 WEST 1234 5698 7654 33",
        "version 120.0.60.109",
        "1.2.3.4",
        "127.0.0.1 or 255.255.255.0",
        "the years 1914-1918 and 1939-1945",
        "2024-02-29 12:30:45.123456",
        "05-12-2020 and 5/12/2020",
        "978-0-306-40615-7",
        "3.14159265358979323846",
        "10,000,000,000",
        "1609459200000",
        "0100 1101 0110 1011",
        "01 02 03 04 05 06",
        "at the café @ noon",
        "git@github.com:owner/project.git",
        "icon@2x.png",
        "std::vector, a::b, at:put:, 12:30:45",
        "x1234567890",
        "550e8400-e29b-41d4-a716-446655440000",
        "phone calls in 1984-1990",
    ],
)
def test_left_alone(text: str) -> None:
    assert list(find_personal(text)) == []


def test_in_code_a_mail_address_has_a_known_ending() -> None:
    assert list(find_personal("origin@corner.next", SHAPES_IN_CODE)) == []
    assert list(find_personal("me@example.org", SHAPES_IN_CODE)) == [(0, 14, "email")]

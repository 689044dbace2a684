"""How well personal data and secrets are found, and how much of clean text is touched.

    python bench/scrub.py

500 made-up items in English, Chinese and Smalltalk sentences, and 2,000 clean snippets: paragraphs and methods of the
bundled texts, and 500 look-alikes (versions, hashes, dates, literals). An item counts as found when nothing of it is
left but a tag; a snippet as touched when one character of it changed. The same draw every time.
"""

import random
import re
import string
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from llmlab.corpus.scrub import TAGS, scrub

ROOT = Path(__file__).parents[1]
LETTERS = string.ascii_letters + string.digits
_TAG = re.compile(f"<(?:{'|'.join(TAGS)})>")


def main() -> None:
    items = planted(500, 1)
    missed = [(kind, item, text) for kind, item, text, document in items if not is_found(item, text, document)]
    by_kind = Counter(kind for kind, *_ in items)
    lost = Counter(kind for kind, *_ in missed)
    snippets = clean_snippets(2000, 1)
    touched = [(kind, text, scrub(text, kind)) for kind, text in snippets if scrub(text, kind) != text]
    for kind in sorted(by_kind):
        print(f"  {kind:14} {by_kind[kind] - lost[kind]:3} of {by_kind[kind]}")
    for kind, item, text in missed:
        print(f"  missed {kind}: {item!r} in {text[:100]!r}")
    for kind, text, after in touched:
        print(f"  touched {kind}: {text[:120]!r} -> {after[:120]!r}")
    print(f"planted: {len(items) - len(missed)} of {len(items)} found ({(len(items) - len(missed)) / len(items):.1%})")
    print(f"clean: {len(touched)} of {len(snippets)} touched ({len(touched) / len(snippets):.2%})")


def is_found(item: str, text: str, document: str) -> bool:
    """Whether scrubbing leaves of the item no four characters in a row, and keeps the sentence around it."""
    before, after = text.split(item)
    cleaned = scrub(text, document)
    if not (cleaned.startswith(before[:-12]) and cleaned.endswith(after[8:])) or not _TAG.search(cleaned):
        return False
    rest = _TAG.sub("", cleaned.removeprefix(before).removesuffix(after))
    return not any(item[start : start + 4] in rest for start in range(max(1, len(item) - 3)))


def planted(count: int, seed: int) -> list[tuple[str, str, str, str]]:
    """(kind, item, text, kind of document): every maker in turn, in the carriers of its language in turn."""
    draw = random.Random(seed)
    found = []
    for number in range(count):
        kind, make = MAKERS[number % len(MAKERS)]
        item = make(draw)
        carriers = CARRIERS.get(kind, CARRIERS[""])
        document, carrier = carriers[draw.randrange(len(carriers))]
        found.append((kind, item, carrier.format(item), document))
    return found


def clean_snippets(count: int, seed: int) -> list[tuple[str, str]]:
    """(kind of document, text): three quarters from the bundled texts, equally by language; the rest are traps."""
    draw = random.Random(seed)
    snippets = []
    for lang, share in (("english", 500), ("chinese", 500), ("smalltalk", 500)):
        pieces = list(_pieces(lang))
        draw.shuffle(pieces)
        snippets += [("code" if lang == "smalltalk" else "prose", piece) for piece in pieces[: share * count // 2000]]
    while len(snippets) < count:
        kind, make = TRAPS[len(snippets) % len(TRAPS)]
        snippets.append((kind, make(draw)))
    return snippets


def _pieces(lang: str) -> Iterator[str]:
    """Paragraphs, methods with their comments, and turns of conversations."""
    for path in sorted((ROOT / "data/bundled" / lang).rglob("*")):
        if path.suffix in (".txt", ".st", ".jsonl"):
            parts = re.split(r"\n" if path.suffix == ".jsonl" else r"\n[ \t]*\n", path.read_text(encoding="utf-8"))
            yield from (part for part in parts if len(part) > 20)


# -- items, made by the rules of those who issue them and not by the patterns that look for them


def _text(draw: random.Random, count: int, alphabet: str = LETTERS) -> str:
    return "".join(draw.choice(alphabet) for _ in range(count))


def _digits(draw: random.Random, count: int) -> str:
    return _text(draw, count, string.digits)


def _fill(draw: random.Random, form: str) -> str:
    """`#` a digit, `N` a digit from 2 to 9."""
    return "".join(
        draw.choice("0123456789") if sign == "#" else draw.choice("23456789") if sign == "N" else sign for sign in form
    )


def email(draw: random.Random) -> str:
    names = [
        "anna.reed",
        "zhang_wei",
        "j.o-connor",
        "li.qing88",
        "max+news",
        "m.k.singh",
        "info",
        "b2b.sales",
        "wang1987",
    ]
    hosts = [
        "example.com",
        "mail.example.co.uk",
        "163.com",
        "qq.com",
        "uni-bonn.de",
        "foxmail.com",
        "cs.mit.edu",
        "sub.domain.example.org",
        "sina.com.cn",
        "proton.me",
    ]
    return f"{draw.choice(names)}@{draw.choice(hosts)}"


def hidden_email(draw: random.Random) -> str:
    form = draw.choice(["{}[at]{}[dot]com", "{} (at) {} (dot) org", "{} AT {} DOT net", "{}＠{}．com"])
    return form.format(draw.choice(["anna", "liwei", "jdoe77"]), draw.choice(["example", "mymail", "acme-tools"]))


def mobile_cn(draw: random.Random) -> str:
    first = draw.choice(["13#", "15#", "18#", "17#", "19#", "16#"])
    form = draw.choice(
        [
            "{}########",
            "{} #### ####",
            "{}-####-####",
            "+86 {}########",
            "+86-{}-####-####",
            "86{}########",
            "(+86){} #### ####",
            "0086 {}########",
        ]
    )
    item = _fill(draw, form.format(first))
    return item.translate(FULL_WIDTH) if draw.random() < 0.1 else item


def landline_cn(draw: random.Random) -> str:
    return _fill(
        draw,
        draw.choice(
            [
                "010-N#######",
                "(021) N#######",
                "0755-N#######",
                "（0571）N#######",
                "010 N### ####",
                "+86 10 N### ####",
                "020-N#######-####",
                "0512N#######",
                "400-N##-####",
                "025-N#######转##",
            ]
        ),
    )


def phone(draw: random.Random) -> str:
    return _fill(
        draw,
        draw.choice(
            [
                "(N##) N##-####",
                "N##-N##-####",
                "N##.N##.####",
                "+1 N##-N##-####",
                "+1 (N##) N##-####",
                "1-800-N##-####",
                "+44 20 7### ####",
                "020 7### ####",
                "07### ######",
                "+49 30 N#######",
                "030/N######",
                "+33 6 ## ## ## ##",
                "+81-3-####-####",
                "03-####-####",
                "+91 98### #####",
                "+7 (9##) ###-##-##",
                "+852 N### ####",
                "+61 4## ### ###",
            ]
        ),
    )


def resident_id(draw: random.Random) -> str:
    body = draw.choice(["110105", "310101", "440305", "510104", "330106"])
    body += f"{draw.randrange(1940, 2012)}{draw.randrange(1, 13):02}{draw.randrange(1, 29):02}{draw.randrange(1000):03}"
    # ISO 7064 MOD 11-2, as the standard states it: powers of two, not a table of weights.
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(body))
    check = (12 - total % 11) % 11
    return body + ("X" if check == 10 else str(check))


def other_id(draw: random.Random) -> str:
    if draw.random() < 0.5:
        return f"{draw.randrange(100, 665)}-{draw.randrange(1, 99):02}-{draw.randrange(1, 9999):04}"
    letter, digits = draw.choice(string.ascii_uppercase), _digits(draw, 6)
    total = 36 * 9 + (ord(letter) - 55) * 8 + sum(int(digit) * (7 - place) for place, digit in enumerate(digits))
    check = -total % 11
    return f"{letter}{digits}({'A' if check == 10 else check})"


def card(draw: random.Random) -> str:
    first, length = draw.choice(
        [("4", 16), ("51", 16), ("55", 16), ("37", 15), ("6011", 16), ("6222", 16), ("62284", 19)]
    )
    body = first + _digits(draw, length - 1 - len(first))
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    number = f"{body}{-total % 10}"
    if length == 15:
        return draw.choice([number, f"{number[:4]} {number[4:10]} {number[10:]}"])
    sign = draw.choice(["", " ", "-"])
    return sign.join(number[start : start + 4] for start in range(0, length, 4))


def iban(draw: random.Random) -> str:
    country, bank, digits = draw.choice(
        [("DE", "", 18), ("GB", "WEST", 14), ("FR", "", 23), ("NL", "ABNA", 10), ("CH", "", 17), ("ES", "", 20)]
    )
    body = bank + _digits(draw, digits)
    check = 98 - int("".join(str(int(sign, 36)) for sign in f"{body}{country}00")) % 97
    plain = f"{country}{check:02}{body}"
    return draw.choice([plain, " ".join(plain[start : start + 4] for start in range(0, len(plain), 4))])


def address(draw: random.Random) -> str:
    return ".".join(str(draw.randrange(low, 255)) for low in (11, 50, 0, 1)).replace("127.", "128.")


def long_address(draw: random.Random) -> str:
    groups = [f"{draw.randrange(0x100, 0xFFFF):x}" for _ in range(7)]
    return draw.choice(
        [":".join(["2001", *groups]), f"2001:db8:{groups[0]}::{groups[1]}", f"fe80::{':'.join(groups[:4])}"]
    )


def token(draw: random.Random) -> str:
    upper = string.ascii_uppercase + "234567"
    makers: list[Callable[[], str]] = [
        lambda: f"sk-{_text(draw, 48)}",
        lambda: f"sk-proj-{_text(draw, 40)}-{_text(draw, 20)}",
        lambda: f"sk-ant-api03-{_text(draw, 60)}",
        lambda: f"{draw.choice(['ghp', 'gho', 'ghs'])}_{_text(draw, 36)}",
        lambda: f"github_pat_{_text(draw, 22)}_{_text(draw, 59)}",
        lambda: f"glpat-{_text(draw, 20)}",
        lambda: f"AKIA{_text(draw, 16, upper)}",
        lambda: f"AIza{_text(draw, 35)}",
        lambda: f"xoxb-{_digits(draw, 12)}-{_text(draw, 24)}",
        lambda: f"sk_live_{_text(draw, 24)}",
        lambda: f"hf_{_text(draw, 34)}",
        lambda: f"npm_{_text(draw, 36)}",
        lambda: f"SG.{_text(draw, 22)}.{_text(draw, 43)}",
        lambda: f"LTAI{_text(draw, 20)}",
        lambda: f"AKID{_text(draw, 32)}",
        lambda: f"eyJhbGciOiJIUzI1NiJ9.eyJ{_text(draw, 30)}.{_text(draw, 43)}",
        lambda: f"{_digits(draw, 10)}:AA{_text(draw, 33)}",
        lambda: f"https://hooks.slack.com/services/T{_text(draw, 8, upper)}/B{_text(draw, 8, upper)}/{_text(draw, 24)}",
    ]
    return draw.choice(makers)()


def private_key(draw: random.Random) -> str:
    kind = draw.choice(
        ["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"]
    )
    lines = "\n".join(_text(draw, 64, LETTERS + "+/") for _ in range(6))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----"


def password(draw: random.Random) -> str:
    return draw.choice(
        [_text(draw, 10) + "7!aQ", _text(draw, 40, "0123456789abcdef"), _text(draw, 20) + "4z", _text(draw, 8) + "@2Kd"]
    )


FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
MAKERS: list[tuple[str, Callable[[random.Random], str]]] = [
    ("email", email),
    ("hidden email", hidden_email),
    ("mobile", mobile_cn),
    ("landline", landline_cn),
    ("phone", phone),
    ("resident id", resident_id),
    ("other id", other_id),
    ("card", card),
    ("iban", iban),
    ("ip", address),
    ("ip", long_address),
    ("token", token),
    ("private key", private_key),
    ("password", password),
    ("email", email),
    ("mobile", mobile_cn),
    ("phone", phone),
    ("resident id", resident_id),
    ("card", card),
    ("token", token),
]
CARRIERS: dict[str, list[tuple[str, str]]] = {
    "": [
        ("prose", "He wrote it on the back of the ticket: {}. Nobody saw it there."),
        ("prose", "You can use {} until Friday, but not after that."),
        ("prose", "他把{}写在车票背面，没有别人看见。"),
        ("prose", "请记下：{}，星期五以前有效。"),
        ("dialogue", "Is it still {}? I have lost my notes."),
        ("code", 'Note >> remember [\n\t"See {} for more, or ask."\n\t^ self notes first\n]'),
        ("code", "Note >> text [\n\t^ 'take {} with you'\n]"),
    ],
    "hidden email": [("prose", "Write to {} if you want a copy."), ("prose", "来信请寄 {} ，谢谢。")],
    "password": [
        ("prose", "The account has password: {} and nothing else."),
        ("prose", "登录密码：{}，不要告诉别人。"),
        ("code", "Client >> connect [\n\tself password: '{}'.\n\tself open\n]"),
        ("code", "Client >> apiKey [\n\tapi_key := '{}'.\n\t^ api_key\n]"),
        ("prose", "export API_TOKEN={} before you start"),
    ],
}


# -- what looks like it and is not


def version(draw: random.Random) -> str:
    number = ".".join(str(draw.randrange(0, 40)) for _ in range(draw.choice([3, 4, 4])))
    build = f"10.0.{draw.randrange(10000, 30000)}.{draw.randrange(1000)}"
    return draw.choice(
        ["It needs version {} or newer.", "升级到 v{} 之后就好了。", "Pharo {} was used for this."]
    ).format(draw.choice([number, build]))


def digest(draw: random.Random) -> str:
    value = _text(draw, draw.choice([7, 12, 32, 40, 64]), "0123456789abcdef")
    parts = [_text(draw, size, "0123456789abcdef") for size in (8, 4, 4, 4, 12)]
    return draw.choice(
        [f"The fix is in commit {value}.", f"sha256 of it is {value}", f"它的编号是 {'-'.join(parts)}。"]
    )


def date(draw: random.Random) -> str:
    year, month, day = draw.randrange(1900, 2030), draw.randrange(1, 13), draw.randrange(1, 29)
    hour, minute = draw.randrange(24), draw.randrange(60)
    forms = [
        f"{year}-{month:02}-{day:02}",
        f"{day:02}.{month:02}.{year}",
        f"{month}/{day}/{year}",
        f"{year}年{month}月{day}日",
        f"{year}{month:02}{day:02}",
        f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z",
        f"{hour:02}:{minute:02}:{day:02}",
        f"{year}{month:02}{day:02}{hour:02}{minute:02}00",
        f"{year - 30}-{year}",
    ]
    return draw.choice(["It was finished on {}.", "那是{}的事。", "See the log of {} for what happened."]).format(
        draw.choice(forms)
    )


def quantity(draw: random.Random) -> str:
    forms = [
        f"{draw.randrange(10**9):,}",
        f"{draw.random():.12f}",
        f"{draw.randrange(10**6, 10**10)}",
        f"978-0-{draw.randrange(10, 99)}-{draw.randrange(10**5, 10**6)}-{draw.randrange(9)}",
        f"{draw.random() * 180:.6f}, {draw.random() * 180:.6f}",
        f"{draw.randrange(100)}:{draw.randrange(100)}",
        f"$ {draw.randrange(10**5)}.{draw.randrange(10, 99)}",
        f"{draw.randrange(10**4)}.{draw.randrange(10**4)}e-{draw.randrange(20)}",
        "3.14159 26535 89793 23846 26433",
        "1 1 2 3 5 8 13 21 34 55 89 144",
    ]
    return draw.choice(
        ["The answer is {} and no more.", "一共是{}，不多不少。", "In the table it says {}, which is right."]
    ).format(draw.choice(forms))


def literal(draw: random.Random) -> str:
    one, two = draw.randrange(10**5), draw.randrange(10**5)
    forms = [
        f"16r{_text(draw, 8, '0123456789ABCDEF')}",
        f"2r{_text(draw, 16, '01')}",
        f"{one}@{two}",
        f"#[{one % 256} {two % 256} 168 1 1 10]",
        f"{one}.{two}e10",
        f"1.5s2 + {one}s2",
        f"Date year: 2020 month: {one % 12 + 1} day: {two % 28 + 1}",
        f"#({one} {two} 'abc' $a #foo:bar:)",
        f"SmallInteger maxVal - {10**12 + one}",
        "(origin@corner.next) x",
        f"Random seed: {10**10 + one}{two}",
        f"Color r: 0.{one} g: 0.{two} b: 0.5",
        f"'{one}-{two}' , '12:30:45'",
        "#at:put:",
        "x::y",
        "a @ b",
    ]
    return f'Foo >> bar [\n\t"Answer version 1.4.{one % 30}"\n\t^ {draw.choice(forms)}\n]'


def words(draw: random.Random) -> str:
    return draw.choice(
        [
            "The password is never stored, and the token is thrown away.",
            "密码是每个人自己选的，不要写在纸上。",
            "git@github.com:owner/project.git",
            "Read section 3.2.1.4 before the exam.",
            "icon@2x.png",
            "key: value, token: word, secret: none",
            "ratio 16:9, score 3:2, at 12:30:45",
            "std::vector<int> and at:put: and a::b",
            "http://example.com:8080/path?page=2",
            "see 127.0.0.1 or localhost",
            "QQ music and WeChat are programs.",
            "ISBN 978-0-306-40615-7",
            "RFC 2822, ISO 8601, GB 11643-1999",
            "the years 1914-1918 and 1939-1945",
            "call 3 times, then 20 more",
            "电话响了三次，他没有接。",
            "mask 255.255.255.0",
            "order no. 20231105-0001",
            "2001: A Space Odyssey",
            "Phone calls in 1984-1990 were dear.",
        ]
    )


TRAPS: list[tuple[str, Callable[[random.Random], str]]] = [
    ("prose", version),
    ("prose", digest),
    ("prose", date),
    ("prose", quantity),
    ("code", literal),
    ("prose", words),
]

if __name__ == "__main__":
    main()

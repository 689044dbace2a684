"""Personal data with a form: addresses, telephone numbers, identity and account numbers, English and Chinese.

Each shape finds candidates by a regular expression and judges them: check digits where a number has them, otherwise
the grouping that people write, or a word that announces what follows. Texts come folded: full-width signs as ASCII.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from llmlab.corpus.checksums import (
    is_date,
    is_hong_kong_number,
    is_iban,
    is_isbn,
    is_resident_number,
    is_taiwan_number,
    luhn,
)

Match = re.Match[str]
Span = tuple[int, int]


@dataclass(frozen=True)
class Shape:
    """A kind of personal data: `find` gives the span to hide of a candidate, or None when it is something else."""

    tag: str
    pattern: re.Pattern[str]
    find: Callable[[Match], Span | None]
    needs: re.Pattern[str]
    """What every text with such a piece holds, and few others do: looked for first, since it is cheap."""


_AT = re.compile("@")
_AT_SPELT = re.compile(r"[\[({<] ?(?:at|AT|@) ?[\])}>]| AT ")
_NUMBER = re.compile(r"\d(?:[ ./()-]{0,3}\d){4}")
_DOTTED = re.compile(r"\d\.\d")
_COLONS = re.compile(r"[0-9A-Fa-f:]:[0-9A-Fa-f]|[0-9A-Fa-f]-[0-9A-Fa-f]{2}-")
_CHAT = re.compile("微信|wechat|vx|wx", re.IGNORECASE)
_START = r"(?<!\w)(?<!\d[.,/-])"
_END = r"(?!\w|[.,/-]\d)"
_NOT_MAIL = frozenset("png jpg jpeg gif svg webp ico js css html htm py st md txt json xml".split())
_MAIL_ENDINGS = frozenset(
    "com org net edu gov mil int info biz io dev app ai co me us uk de fr ch nl be it es pt at se no dk fi pl cz hu gr "
    "ie ru ua cn hk tw jp kr in br ar mx cl ca au nz za sg eu".split()
)
_IBAN_LENGTHS: Mapping[str, int] = MappingProxyType(
    {
        country: int(length)
        for length, countries in (
            entry.split(":")
            for entry in "15:NO 16:BE 18:DK,FI,FO,GL,NL 19:MK,SI 20:AT,BA,EE,KZ,LT,LU,XK 21:CH,HR,LI,LV 22:BG,DE,GB,IE,"
            "ME,RS,BH,GE 23:AE,GI,IL 24:AD,CZ,ES,MD,PK,RO,SA,SE,SK,TN,VG 25:PT 26:IS,TR 27:FR,GR,IT,MC,SM 28:AL,AZ,"
            "CY,DO,HU,LB,PL 29:BR,EG,PS,QA,UA 30:JO,KW,MU 31:MT 33:RU".split(" ")
        )
        for country in countries.split(",")
    }
)


def _mail(match: Match) -> Span | None:
    ending = match[0].rpartition(".")[2].lower()
    local = match[0].partition("@")[0].lower()
    # `git@host:path` is an address of a service, and `icon@2x.png` a file.
    return None if ending in _NOT_MAIL or local == "git" else match.span()


def _mail_in_code(match: Match) -> Span | None:
    # `origin@corner.next` is a point and the next statement in Smalltalk, so the ending must be a known one.
    return _mail(match) if match[0].rpartition(".")[2].lower() in _MAIL_ENDINGS else None


def _whole(match: Match) -> Span | None:
    return match.span()


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


_DATE = re.compile(
    r"(?:1[5-9]|20)\d\d[-/. ]+(?:(?:1[5-9]|20)\d\d|[01]?\d[-/. ]+[0-3]?\d)(?:\D.*)?|"
    r"[0-3]?\d([-/. ])[0-3]?\d\1(?:1[5-9]|20)\d\d(?:\D.*)?"
)


def _phone(match: Match) -> Span | None:
    digits = _digits(match[0])
    # Only noughts and ones is a binary number; books and days have numbers in groups too.
    if not 7 <= len(digits) <= 17 or set(digits) <= {"0", "1"} or is_isbn(match[0]) or _DATE.fullmatch(match[0]):
        return None
    return match.span()


def _international(match: Match) -> Span | None:
    # One full stop is a decimal point.
    return None if match[0].count(".") == 1 or not 8 <= len(_digits(match[0])) <= 15 else match.span()


_CALL = re.compile(
    r"(?:\b(?:tele)?phone(?: (?:number|no\.?))?|\btel\b|\bmobile|\bcell|\bcall(?:ed|ing)?\b|\bfax|\bwhatsapp|\bsms|"
    r"\bdial|\bring\b|\btext me\b|\breach me\b|"
    r"[电電][话話]|手[机機]|座[机機]|[传傳]真|[热熱][线線]|致[电電]|[拨撥]打|[来來][电電]|"
    r"[联聯][系繫络絡]方式|[号號][码碼])[^\d\n+(]{0,14}$",
    re.IGNORECASE,
)


def _announced_phone(match: Match) -> Span | None:
    if not _CALL.search(match.string[max(0, match.start() - 36) : match.start()]) or is_date(_digits(match[0])):
        return None
    return _phone(match)


def _pairs(match: Match) -> Span | None:
    """Five pairs of digits, French; a row of numbers one after the other is none."""
    numbers = [int(pair) for pair in re.split(r"[ .-]", match[0])]
    steps = {after - before for before, after in pairwise(numbers)}
    return None if len(steps) == 1 or max(numbers) <= 12 else match.span()


def _resident(match: Match) -> Span | None:
    number = match["number"].replace(" ", "")
    announced = match["word"] and is_date(number[6:14])
    return match.span("number") if announced or is_resident_number(number) else None


def _old_resident(match: Match) -> Span | None:
    return match.span("number") if is_date(f"19{match['number'][6:12]}") else None


def _hong_kong(match: Match) -> Span | None:
    return match.span() if is_hong_kong_number(match[0]) else None


def _taiwan(match: Match) -> Span | None:
    return match.span() if is_taiwan_number(match[0]) else None


# Length by how a payment card's number begins (ISO/IEC 7812; 62 is UnionPay).
_CARDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[0-8]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35\d{14}|6\d{15,18}|9\d{15,18}"
)


def _card(match: Match) -> Span | None:
    digits = _digits(match[0])
    return match.span() if _CARDS.fullmatch(digits) and luhn(digits) and len(set(digits)) > 1 else None


def _iban(match: Match) -> Span | None:
    wanted = _IBAN_LENGTHS.get(match[0][:2])
    end, seen = match.start(), 0
    while wanted and end < match.end() and seen < wanted:
        seen += not match.string[end].isspace()
        end += 1
    if (
        seen != wanted
        or re.match(r"[A-Za-z0-9]", match.string[end : end + 1])
        or not is_iban(match.string[match.start() : end])
    ):
        return None
    return match.start(), end


_ADDRESS_WORD = re.compile(
    r"(?:\bIPs?\b|地址|主[机機]|服[务務]器|伺服器|host|server|addr(?:ess)?|ping|dns|gateway|[网網][关關]|客[户戶]端|client)[^\n]{0,24}$",
    re.IGNORECASE,
)
_VERSION_WORD = re.compile(
    r"(?:\bv|version|release|firmware|build|版本|固件|section|chapter|§|第|clause|"
    r"update|upgraded?(?: to)?|rev)[^\w\n]{0,3}$",
    re.IGNORECASE,
)


def _address(match: Match) -> Span | None:
    """Four octets; version and section numbers look the same, so small ones need a word such as `IP` or `host`."""
    octets = list(map(int, match[0].split(".")))
    before = match.string[max(0, match.start() - 40) : match.start()]
    if max(octets) > 255 or _VERSION_WORD.search(before) or octets[0] in (0, 127) or octets[:2] == [255, 255]:
        return None
    return match.span() if max(octets) >= 50 or _ADDRESS_WORD.search(before) else None


def _long_address(match: Match) -> Span | None:
    text = match[0].partition("%")[0].partition("/")[0]
    if not any(map(str.isdigit, text)) or sum(map(bool, text.split(":"))) < 2:
        return None
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return None
    return match.span()


def _device(match: Match) -> Span | None:
    return match.span() if ":" in match[0] or any(map(str.isalpha, match[0])) else None


def _named(match: Match) -> Span | None:
    return match.span("number")


def _shape(
    tag: str, pattern: str, find: Callable[[Match], Span | None], needs: re.Pattern[str] = _NUMBER, flags: int = 0
) -> Shape:
    # Subtle: by ASCII, so that a Chinese character is no part of a word and `\d` no Arabic digit.
    return Shape(tag, re.compile(pattern, re.ASCII | flags), find, needs)


_MAIL = (
    r"(?<![\w.%+-])[A-Za-z0-9][\w.%+'-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
    r"[A-Za-z]{2,24}(?![A-Za-z0-9])"
)
_MAIL_SPELT = (
    r"(?<![\w.])[A-Za-z0-9][\w.+-]* ?(?:[\[({<] ?(?:at|AT|@) ?[\])}>]| AT ) ?[A-Za-z0-9-]+"
    r"(?:(?: ?[\[({<] ?(?:dot|DOT|\.) ?[\])}>] ?| DOT |\.)[A-Za-z0-9-]+)+"
)
_GROUPED = r"\d{13,19}|\d{4}(?:([ -])\d{4}(?:\1\d{4}){2}(?:\1\d{1,3})?|[ -]\d{6}[ -]\d{4,5})"

SHAPES: tuple[Shape, ...] = (
    _shape("email", _MAIL, _mail, _AT),
    _shape("email", _MAIL_SPELT, _whole, _AT_SPELT),
    # China, with and without its word before it; the United States; Hong Kong; Taiwan; Britain; passports.
    _shape(
        "id",
        rf"(?P<word>(?:身[份分][证證]|[证證]件[号號]|居民身份)[^\d\n]{{0,10}})?"
        rf"{_START}(?P<number>[1-9]\d{{5}} ?(?:1[89]|20)\d{{6}} ?\d{{3}}[\dXx]){_END}",
        _resident,
    ),
    _shape("id", r"(?:身[份分][证證]|[证證]件[号號])[^\d\n]{0,10}(?P<number>[1-9]\d{14})(?!\d)", _old_resident),
    _shape("id", rf"{_START}(?!000|666|9)\d{{3}}-(?!00)\d\d-(?!0000)\d{{4}}(?![\w-])", _whole),
    _shape("id", r"\b(?:SSN|social security)[^\d\n]{0,16}(?P<number>\d{3} ?\d\d ?\d{4})(?!\d)", _named, flags=re.I),
    _shape("id", rf"{_START}[A-Z]{{1,2}}\d{{6}} ?\([0-9A]\)", _hong_kong),
    _shape("id", rf"{_START}[A-Z][12]\d{{8}}{_END}", _taiwan),
    _shape("id", rf"{_START}[A-CEGHJ-PR-TW-Z]{{2}} ?\d\d ?\d\d ?\d\d ?[A-D]{_END}", _whole),
    _shape("id", r"(?:[护護]照|\bpassport)[^\d\n]{0,12}?(?P<number>[A-Z]{0,2}\d{7,9})(?!\w)", _named, flags=re.I),
    _shape("iban", r"(?<!\w)[A-Z]{2}\d\d(?: ?[A-Z0-9]){11,30}", _iban),
    _shape("card", rf"{_START}(?:{_GROUPED}){_END}", _card),
    _shape(
        "card",
        r"(?:卡[号號]|[账帐賬帳][号號户戶]|[银銀]行卡)[^\d\n]{0,6}(?P<number>\d(?:[ -]?\d){11,18})(?!\d)",
        _named,
    ),
    _shape("ip", r"(?<![\w.-])(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})(?![\w-]|\.\d)", _address, _DOTTED),
    _shape("ip", r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:%\w+)?(?![\w:])", _long_address, _COLONS),
    _shape("mac", r"(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])", _device, _COLONS),
    # Mobile numbers of China, then its landlines: 010, 02x, or four digits; an extension may follow.
    _shape("phone", rf"{_START}(?:\(?(?:\+|00)?86\)?[ -]?)?1[3-9]\d[ -]?\d{{4}}[ -]?\d{{4}}{_END}", _phone),
    _shape(
        "phone",
        rf"{_START}(?:\(?(?:\+|00)86\)?[ -]?)?\(?0(?:10|2\d|[3-9]\d\d)\)?[ -]?\d{{3,4}}[ -]?\d{{4}}"
        r"(?: ?(?:-|转|ext\.?|x|分机) ?\d{1,6})?(?!\w|[.,/-]\d)",
        _phone,
    ),
    # Any country by its code; then without one: North America, and the groups of Europe, Japan and France.
    _shape("phone", r"(?<![\w+])\(?\+[1-9]\d{0,3}\)?(?:[ ./()-]{0,3}\d){6,13}(?!\w)", _international),
    _shape("phone", r"(?<!\w)00[1-9]\d{0,2}[ -](?:[ ()-]{0,2}\d){7,12}(?!\w)", _phone),
    _shape(
        "phone",
        rf"{_START}(?:1[ .-]?)?(?:\([2-9]\d\d\)[ .-]?\d{{3}}[ .-]\d{{4}}|[2-9]\d\d([.-])\d{{3}}\1\d{{4}}){_END}",
        _phone,
    ),
    _shape("phone", rf"{_START}\(?0\d{{2,4}}\)?(?:[ -]\d{{3,4}}[ -]?\d{{3,4}}|[ /-]\d{{5,8}}){_END}", _phone),
    _shape("phone", rf"{_START}0\d{{1,3}}([ -])\d{{2,4}}\1\d{{4}}{_END}", _phone),
    _shape("phone", rf"{_START}0[1-9](?:([ .-])\d\d)(?:\1\d\d){{3}}{_END}", _pairs),
    _shape("phone", rf"{_START}[+(]?\d(?:[ ().-]{{0,2}}\d){{6,14}}{_END}", _announced_phone),
    _shape("account", r"QQ(?:[号號][码碼]?|群)?[:： 是为為]{0,3}(?P<number>[1-9]\d{4,10})(?!\d)", _named, flags=re.I),
    _shape(
        "account",
        r"(?:微信[号號]?|wechat(?: ?id)?|\bvx|\bwx) ?[:：是为為] ?(?P<number>[A-Za-z][\w-]{5,19})",
        _named,
        _CHAT,
        flags=re.I,
    ),
)
SHAPES_IN_CODE = tuple(
    Shape(shape.tag, shape.pattern, _mail_in_code, shape.needs) if shape.find is _mail else shape for shape in SHAPES
)


def find_personal(text: str, shapes: tuple[Shape, ...] = SHAPES) -> Iterator[tuple[int, int, str]]:
    """Start, end and tag of every piece of personal data in a folded text; pieces may overlap."""
    there = {needs: needs.search(text) is not None for needs in {shape.needs for shape in shapes}}
    for shape in shapes:
        if there[shape.needs]:
            for match in shape.pattern.finditer(text):
                span = shape.find(match)
                if span is not None:
                    yield *span, shape.tag

"""Secrets of machines: what private keys, API keys, tokens and passwords look like.

Issuers give their keys a fixed beginning so that scanners can find them; the shapes below are those that the issuers
document or that the public rule sets of gitleaks and detect-secrets list. A secret without a known shape is found
only behind a word that announces it (`password =`).
"""

import math
import re
from collections import Counter
from collections.abc import Iterator

_BLOCK = re.compile(
    r"-----BEGIN (?P<kind>(?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?)-----.*?(?:-----END (?P=kind)-----|\Z)", re.DOTALL
)
_SHAPES = (
    r"sk-(?:proj-|svcacct-|admin-|ant-(?:api|admin)\d\d-|or-v1-|lf-)?[A-Za-z0-9_-]{20,}",  # OpenAI, Anthropic
    r"gh[pousr]_[A-Za-z0-9]{30,}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{40,}",
    r"gl(?:pat|ptt|dt|rt|cbt|oas|soat)-[A-Za-z0-9_.-]{20,}",  # GitLab
    r"(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z2-7]{16}",  # Amazon
    r"(?:AKIA|ASIA)[0-9A-Z]{16}",
    r"AIza[0-9A-Za-z_-]{35}",  # Google
    r"GOCSPX-[A-Za-z0-9_-]{28}",
    r"ya29\.[A-Za-z0-9_-]{20,}",
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}",  # Slack
    r"xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{20,}",
    r"(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
    r"whsec_[A-Za-z0-9+/]{24,}",
    r"hf_[A-Za-z0-9]{30,}",  # Hugging Face
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-[A-Za-z0-9_-]{50,}",
    r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}",  # SendGrid
    r"(?:AC|SK)[0-9a-f]{32}",  # Twilio
    r"key-[0-9a-f]{32}",  # Mailgun
    r"dop_v1_[0-9a-f]{64}",  # DigitalOcean
    r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",  # Shopify
    r"sq0(?:atp|csp)-[A-Za-z0-9_-]{22,}",  # Square
    r"dapi[0-9a-f]{32}",  # Databricks
    r"glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}",  # Grafana
    r"nvapi-[A-Za-z0-9_-]{40,}",
    r"gsk_[A-Za-z0-9]{40,}",  # Groq
    r"r8_[A-Za-z0-9]{37}",  # Replicate
    r"LTAI[A-Za-z0-9]{12,24}",  # Alibaba Cloud
    r"AKID[A-Za-z0-9]{32}",  # Tencent Cloud
    r"\d{8,10}:AA[A-Za-z0-9_-]{33}",  # Telegram bots
    r"[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}",  # Discord
    r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",  # JSON Web Tokens
)
_TOKEN = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(_SHAPES)})(?![A-Za-z0-9])")
# No token is shorter, and few words are as long: looked for first, since it is cheap.
_LONG = re.compile(r"[\w:.-]{15,}", re.ASCII)
# The name and password inside an address; `url` itself stays.
IN_ADDRESS = re.compile(r"(?<=://)[^\s/:@'\"<>]{1,64}:(?P<secret>[^\s/@'\"<>]{3,128})(?=@[\w.-])")
_HOOK = re.compile(
    r"https://(?:hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_+-]{20,}|"
    r"discord(?:app)?\.com/api/webhooks/\d+/[A-Za-z0-9_-]{20,}|"
    r"oapi\.dingtalk\.com/robot/send\?access_token=[0-9a-f]{32,}|"
    r"qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=[0-9a-f-]{32,})"
)
_NAMED = re.compile(
    r"(?:(?:api|app|access|auth|account|secret|private|client|encryption|signing|storage)[ _-]?(?:key|token|secret)|"
    r"(?:aws_)?secret_access_key|accountkey|access[ _-]?key[ _-]?(?:secret|id)|bearer|authorization|"
    r"token|secret|passw(?:or)?d|pwd|passphrase|密[码碼]|口令|密[钥鑰]|金鑰|令牌)[\"']?[ \t]*$",
    re.IGNORECASE,
)
# A long value behind a sign or word of assignment; what is assigned to is looked at only where the value is a secret.
_ASSIGNED = re.compile(
    r"(?P<sign>:=|=>|->|[:=：＝是为為]|(?<=[Bb]earer) )[ \t]*(?:[Bb]earer |[Bb]asic )?(?P<quote>[\"'“「`]?)"
    r"(?P<secret>[\w+/=.~!@#$%^&*-]{8,256})",
    re.ASCII,
)


def find_keys(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every secret that its own shape gives away."""
    for pattern in (_BLOCK, _HOOK):
        yield from (match.span() for match in pattern.finditer(text))
    for long in _LONG.finditer(text):
        yield from (match.span() for match in _TOKEN.finditer(text, *long.span()))


def find_announced(text: str, *, quoted: bool) -> Iterator[tuple[int, int]]:
    """The same for what follows `password =` and the like; `quoted` asks for quotes around it, as code has them."""
    for match in _ASSIGNED.finditer(text):
        value = match["secret"].rstrip(".,;!")
        before = text[max(0, match.start() - 32) : match.start()]
        if (match["quote"] or not quoted) and is_secret(value) and _NAMED.search(before):
            yield match.start("secret"), match.start("secret") + len(value)


def is_secret(value: str) -> bool:
    """Whether what follows `password =` looks chosen to be hard to guess, and not like a word, a name or a call.

    From 8 characters on: small letters, capitals, digits and signs, three of the four; or letters and a digit. From
    20 on letters alone do, when they carry 3.5 bits each.
    """
    if len(value) < 8 or "(" in value:
        return False
    tests = (str.islower, str.isupper, str.isdigit, lambda character: not character.isalnum())
    classes = sum(any(map(test, value)) for test in tests)
    if any(map(str.isdigit, value)):
        return classes >= 3 or any(map(str.isalpha, value))
    return len(value) >= 20 and classes >= 2 and entropy(value) >= 3.5


def entropy(text: str) -> float:
    """Bits per character of a text by its own frequencies: a word has about 2.5, a random line of hexadecimal 3.5."""
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())

"""Personal data and secrets out of a text, replaced by a word that says what stood there.

Simple patterns, so simple limits: e-mail addresses, telephone-like runs of digits, keys with a known prefix, private
key blocks. Names, street addresses, and secrets without a prefix are not found.
"""

import re

_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_KEY = re.compile(
    r"\b(?:sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|AKIA[0-9A-Z]{16}|xox[abprs]-[A-Za-z0-9-]{10,})"
)
_MAIL = re.compile(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b")
# `origin@corner.next` is a point and the next statement in Smalltalk, so in code the ending must be a known one.
_MAIL_IN_CODE = re.compile(
    r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.(?:com|org|net|edu|gov|io|de|fr|ch|uk|nl|be|it|es|jp|cn|br|ar)\b"
)
# Nine digits or more, with the separators people use; shorter runs are years, prices, distances.
_PHONE = re.compile(r"(?<![\w.,])\+?\(?\d(?:[ \-()/]{0,2}\d){8,}(?![\w]|[.,]\d)")


def scrub(text: str, kind: str) -> str:
    """Replace what the patterns find by `<key>`, `<email>`, `<number>`; long numbers in code are left, they compute."""
    text = _KEY.sub("<key>", _KEY_BLOCK.sub("<key>", text))
    if kind == "code":
        return _MAIL_IN_CODE.sub("<email>", text)
    return _PHONE.sub("<number>", _MAIL.sub("<email>", text))

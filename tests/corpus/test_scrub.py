import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import scrub as bench
from llmlab.corpus.scrub import scrub


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Write to jo.doe+x@mail.example.co.uk today.", "Write to <email> today."),
        ("Call +1 (555) 123-4567 now", "Call <phone> now"),
        ("电话 138 0013 8000。", "电话 <phone>。"),
        ("手机：１３８００１３８０００，座机（010）6552-9988", "手机：<phone>，座机<phone>"),
        ("key sk-abcdefghijklmnopqrstuvwx.", "key <key>."),
        ("AKIAIOSFODNN7EXAMPLE", "<key>"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nrest", "<key>\nrest"),
        ("postgres://ann:s3cr3tpw@localhost/x", "postgres://ann:<key>@localhost/x"),
    ],
)
def test_found(text: str, clean: str) -> None:
    assert scrub(text, "prose") == clean


def test_code_computes() -> None:
    code = '^ origin@corner.next := 1234567890123. "me@example.org"'
    assert scrub(code, "code") == '^ origin@corner.next := 1234567890123. "<email>"'
    assert scrub("x := 13800138000. '13800138000'", "code") == "x := 13800138000. '<phone>'"
    assert scrub("#[203 0 113 77] $' 13800138000 $'", "code") == "#[203 0 113 77] $' 13800138000 $'"


def test_a_string_or_comment_of_code_may_announce_a_secret() -> None:
    assert scrub("open: 'server=a;password=Hunter2xyz;'", "code") == "open: 'server=a;password=<key>;'"
    assert scrub('foo "token: 9f86d081884c7d65" ^ token', "code") == 'foo "token: <key>" ^ token'
    assert scrub("password := self readLine8x2. token: a1b2c3d4e5", "code").count("<key>") == 0


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("手機：5105550142", "手機：<phone>"),
        ("聯絡方式 2345-6789", "聯絡方式 <phone>"),
        ("護照號碼 G12345678", "護照號碼 <id>"),
        ("身份證：440524188001010015", "身份證：<id>"),
        ("銀行帳號：6228480402564890019", "銀行帳號：<card>"),
        ("伺服器 10.0.0.5", "伺服器 <ip>"),
        ("微信號：abc_12345，QQ號碼為10001", "微信號：<account>，QQ號碼為<account>"),
        ("密碼為Abc12345", "密碼為<key>"),
    ],
)
def test_words_that_announce_in_traditional_characters(text: str, cleaned: str) -> None:
    assert scrub(text, "prose") == cleaned


@given(st.text(alphabet="aB1 @.-:+(）１电<'\"$", max_size=80), st.sampled_from(["prose", "code"]))
def test_scrubbing_twice_changes_nothing_more(text: str, kind: str) -> None:
    once = scrub(text, kind)
    assert scrub(once, kind) == once


def test_planted_items_are_found() -> None:
    items = bench.planted(500, 1)
    assert len({item for _, item, _, _ in items}) > 400
    found = sum(bench.is_found(item, text, document) for _, item, text, document in items)
    assert found >= 490


def test_clean_snippets_stay_as_they_are() -> None:
    snippets = bench.clean_snippets(2000, 1)
    assert len(snippets) == 2000
    assert sum(kind == "code" for kind, _ in snippets) >= 500
    assert sum(scrub(text, kind) != text for kind, text in snippets) <= 20


def test_the_bench_is_no_easy_judge() -> None:
    text = "Call 555-123-4567 now, before it is too late."
    assert bench.is_found("555-123-4567", text, "prose")
    assert not bench.is_found("now, before", text, "prose")
    assert not bench.is_found("Call", text.replace("555-123-4567", "him"), "prose")

import pytest

from llmlab.corpus.keys import entropy, find_announced, find_keys, is_secret

HEX = "0123456789abcdef" * 4
LONG = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2eF4hJ6kL8nP1rS3uV5xY7zA9cD2fG4iJ6kL"


@pytest.mark.parametrize(
    "key",
    [
        f"sk-{LONG[:48]}",
        f"sk-ant-api03-{LONG}",
        f"ghp_{LONG[:36]}",
        f"github_pat_{LONG[:22]}_{LONG[:59]}",
        f"glpat-{LONG[:20]}",
        "AKIAIOSFODNN7EXAMPLE",
        f"AIza{LONG[:35]}",
        f"xoxb-123456789012-{LONG[:24]}",
        f"sk_live_{LONG[:24]}",
        f"hf_{LONG[:34]}",
        f"SG.{LONG[:22]}.{LONG[:43]}",
        f"SK{HEX[:32]}",
        f"LTAI{LONG[:20]}",
        f"110201543:AA{LONG[:33]}",
        f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{LONG[:43]}",
        f"https://hooks.slack.com/services/T00000000/B00000000/{LONG[:24]}",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n-----END OPENSSH PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg",
    ],
)
def test_known_shapes_are_found_whole(key: str) -> None:
    assert [(3, 3 + len(key))] == list(find_keys(f"a, {key}"))[:1]


@pytest.mark.parametrize(
    "text",
    [
        HEX[:40],
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBg\n-----END PUBLIC KEY-----",
        "a sk-etch of a very-long-word-with-hyphens",
        "OrderedCollectionWithAVeryLongName new: 12",
        "AKIA is how they begin",
    ],
)
def test_no_key(text: str) -> None:
    assert list(find_keys(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "password: hunter2secret",
        "API_KEY = 'q8Zr5TfP2w'",
        "密码：Abc@123456",
        "登录密码是 zhang1987li，谢谢",
        "Authorization: Bearer abcdef1234567890abcdef",
        "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ],
)
def test_announced_secrets(text: str) -> None:
    assert len(list(find_announced(text, quoted=False))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "password: required",
        "the token is invalid",
        "key: value",
        "密码是每个人自己选的",
        "count = a1b2c3d4e5",
        "secret: none1",
    ],
)
def test_nothing_announced(text: str) -> None:
    assert list(find_announced(text, quoted=False)) == []


def test_code_quotes_its_secrets() -> None:
    assert list(find_announced("password := stream2upTo: 4", quoted=True)) == []
    assert list(find_announced("password := 'q8Zr5TfP2w'", quoted=True)) == [(13, 23)]


def test_what_is_secret() -> None:
    assert is_secret("letmein99")
    assert is_secret("qWzXpLmTrBvNcKdHsGfJy")
    assert not is_secret("Abc@123")
    assert not is_secret("aaaaaaaaaaaaaaaaaaaaaaaaAA")
    assert not is_secret("readFrom(10)")


def test_entropy() -> None:
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2

import socket

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.corpus.addresses import check_url, is_public

PRIVATE = [
    "http://localhost/",
    "http://LOCALHOST./",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.8.8.8:8080/x",
    "http://0x7f.0.0.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0/",
    "http://0.0.0.0/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://①②⑦.⓪.⓪.①/",
    "https://127.0.0.1:443/",
]


@pytest.mark.parametrize("url", PRIVATE)
def test_private_addresses_are_refused_in_every_spelling(url: str) -> None:
    with pytest.raises((LabError, OSError)) as caught:
        check_url(url)
    # A spelling that this machine's resolver does not read at all is refused too; the next test counts the others.
    assert isinstance(caught.value, LabError | socket.gaierror)


def test_most_spellings_are_refused_by_us_and_not_by_the_resolver() -> None:
    refused = 0
    for url in PRIVATE:
        try:
            check_url(url)
        except LabError:
            refused += 1
        except OSError:
            continue
    assert refused >= 25


@pytest.mark.parametrize("address", ["8.8.8.8", "140.82.121.3", "2606:4700::6810:85e5", "2a00:1450:4001::1"])
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)
    host = f"[{address}]" if ":" in address else address
    assert check_url(f"https://{host}/file").address == address


def test_one_private_address_behind_a_name_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 443)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(LabError, match=r"10\.1\.2\.3"):
        check_url("https://two.example/file")


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/x", "file:///etc/passwd", "gopher://x/", "//example.org/x", "example.org/x", "", "http:///x"],
)
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(LabError, match="not an http"):
        check_url(url)


def test_credentials_in_a_url_are_refused_and_not_repeated() -> None:
    with pytest.raises(LabError) as caught:
        check_url("https://me:hunter2@example.org/x")
    assert "hunter2" not in str(caught.value)


def test_a_bad_port_is_refused() -> None:
    with pytest.raises(LabError, match="host and port"):
        check_url("http://8.8.8.8:99999/")


def test_a_named_host_may_be_private() -> None:
    assert check_url("http://localhost:80/", ["localhost"]).address in ("127.0.0.1", "::1")
    with pytest.raises(LabError):
        check_url("http://127.0.0.1:80/", ["localhost"])

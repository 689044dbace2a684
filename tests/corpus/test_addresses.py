import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.corpus.addresses import check_url, is_public
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.web import get_page

from .hostile import HostileServer, redirects

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
    "http://ip6-localhost/",
    "http://localhost:22/",
    "http://anything.localhost/",
    "http://127.0.0.1.:80/",
    "http://0x7f.1/",
    "http://0177.1/",
    "http://00000177.0.0.1/",
    "http://2852039166/latest/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://192.168.257/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[::ffff:10.0.0.1]:8080/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2002:c0a8:1::1]/",
    "http://[fe80::1%25lo]/",
    "http://[fec0::1]/",
    "http://[fd00:ec2::254]/",
    "http://[ff01::1]/",
    "http://[100::1]/",
    "http://192.0.0.1/",
    "http://192.0.2.1/",
    "http://203.0.113.9/",
    "http://240.0.0.1/",
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
    assert refused >= 40


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


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    with HostileServer() as running:
        running.bodies, running.target = {"/go": b"x"}, "/go"
        yield running


@pytest.mark.parametrize("url", PRIVATE)
def test_no_redirect_reaches_one(url: str, server: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.way = redirects(url)
    connected: list[object] = []
    connect = socket.socket.connect

    def remember(self: socket.socket, address: Any) -> None:
        connected.append(address[1])
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", remember)
    limits = FetchLimits(attempts=1, backoff_seconds=0, allow_private_hosts=["localhost"])
    if urlsplit(url).hostname == "localhost":
        # The one name that these tests allow: told by its address instead.
        limits = replace(limits, allow_private_hosts=["127.0.0.1"])
        monkeypatch.setattr(server, "url", server.url.replace("localhost", "127.0.0.1"))
    with pytest.raises(LabError):
        get_page(f"{server.url}/go", limits)
    assert connected == [urlsplit(server.url).port]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.8", "169.254.169.254", "::ffff:127.0.0.1", "fd00::1"])
def test_a_public_name_for_a_private_address_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    answer = [(family, socket.SOCK_STREAM, 6, "", (address, 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    with pytest.raises(LabError, match="not a public address"):
        check_url("http://looks-public.example/")

"""Which addresses a download may go to: public ones only, whatever way they are spelled.

A URL in a params file, or a redirect from a server, must not reach services inside the user's own network. Names are
resolved here, every address behind one is checked, and the caller connects to a checked address itself, so that a
name that resolves differently a moment later (DNS rebinding) gains nothing.
"""

import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from llmlab.artifacts.errors import LabError

_UNICAST_6 = ipaddress.IPv6Network("2000::/3")
# Networks inside it that carry an IPv4 address or lead to a relay: 6to4, Teredo. NAT64 (64:ff9b::/96) and mapped
# addresses (::ffff:0:0/96) lie outside it and fall with the first test.
_TUNNELS_6 = (ipaddress.IPv6Network("2002::/16"), ipaddress.IPv6Network("2001::/32"))


@dataclass(frozen=True, kw_only=True)
class Target:
    """A URL that was checked, and the address to connect to for it."""

    url: str
    host: str
    address: str


def check_url(url: str, allowed_private: Collection[str] = ()) -> Target:
    """Resolve the host of an http(s) URL and refuse it unless every address behind it is public.

    `allowed_private` names hosts that are taken as they are, for tests on this machine.

    Raises:
        LabError: another scheme, a name and password inside, or an address that is not public.
        OSError: the name does not resolve now.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise LabError(f"{url!r} is not an http or https address: {error}", "correct the source's `url`") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LabError(f"{url!r} is not an http or https address", "correct the source's `url`")
    if parts.username is not None or parts.password is not None:
        raise LabError(f"the address of {parts.hostname} carries a user name or password", "remove it from the `url`")
    addresses = _resolve(parts)
    if parts.hostname not in allowed_private:
        for address in addresses:
            if not is_public(address):
                raise LabError(
                    f"{url} leads to {address}, which is not a public address",
                    "download the file yourself and use a source of kind `local`",
                )
    return Target(url=url, host=parts.hostname, address=addresses[0])


def is_public(address: str) -> bool:
    """Whether an address in its normal spelling is ordinary public unicast."""
    parsed = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    if parsed.is_multicast or parsed.is_reserved or parsed.is_unspecified or parsed.is_loopback:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        return parsed in _UNICAST_6 and parsed.is_global and not any(parsed in tunnel for tunnel in _TUNNELS_6)
    return parsed.is_global


def _resolve(parts: SplitResult) -> list[str]:
    """Addresses of a host, in the resolver's order. It also reads the odd spellings: 0x7f.1, 2130706433, 0177.0.0.1."""
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (UnicodeError, ValueError) as error:
        raise LabError(f"{parts.netloc!r} is not a host and port: {error}", "correct the source's `url`") from error
    return [str(entry[4][0]) for entry in found]

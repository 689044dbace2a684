"""Ways in which a web server misbehaves, in one table: raw bytes on a socket, so that even HTTP itself can be broken.

Each way gets the honest body of a path and may do with the connection what it likes. `bench/acquisition.py` prints
how many there are and what came of them.
"""

import gzip
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from types import TracebackType

Way = Callable[[socket.socket, bytes, str], None]


def head(length: int | None, *lines: str, status: str = "200 OK", kind: str = "text/html; charset=utf-8") -> bytes:
    """The start of an answer; `length` None leaves Content-Length out."""
    told = [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join(
        [f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Connection: close", *told, *lines, "", ""]
    ).encode()


def honest(peer: socket.socket, body: bytes, _path: str) -> None:
    peer.sendall(head(len(body)) + body)


def says(status: str, *lines: str, body: bytes = b"sorry") -> Way:
    return lambda peer, _body, _path: peer.sendall(head(len(body), *lines, status=status) + body)


def sends(*parts: bytes, pause: float = 0.0) -> Way:
    def way(peer: socket.socket, _body: bytes, _path: str) -> None:
        for part in parts:
            peer.sendall(part)
            time.sleep(pause)

    return way


def redirects(location: str) -> Way:
    return lambda peer, _body, path: peer.sendall(
        head(0, f"Location: {location.format(path=path)}", status="302 Found")
    )


def packs(encoding: str, pack: Callable[[bytes], bytes]) -> Way:
    def way(peer: socket.socket, body: bytes, _path: str) -> None:
        data = pack(body)
        peer.sendall(head(len(data), f"Content-Encoding: {encoding}") + data)

    return way


def chunks(broken: Callable[[bytes], bytes]) -> Way:
    return lambda peer, body, _path: peer.sendall(head(None, "Transfer-Encoding: chunked") + broken(body))


def alters(change: Callable[[bytes], bytes], kind: str = "text/html; charset=utf-8", told: int = 0) -> Way:
    def way(peer: socket.socket, body: bytes, _path: str) -> None:
        data = change(body)
        peer.sendall(head(len(data) + told, kind=kind) + data)

    return way


def resets(peer: socket.socket, body: bytes, _path: str) -> None:
    peer.sendall(head(len(body)) + body[: len(body) // 2])
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drips(peer: socket.socket, body: bytes, _path: str) -> None:
    peer.sendall(head(len(body)))
    for place in range(30):
        peer.sendall(body[place : place + 1])
        time.sleep(0.05)


def hangs(before: int) -> Way:
    def way(peer: socket.socket, body: bytes, _path: str) -> None:
        peer.sendall((head(len(body)) + body)[:before])
        time.sleep(0.4)

    return way


def half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def flip(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 0xFF]) + body[middle + 1 :]


def one_chunk(body: bytes) -> bytes:
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"


WAYS: Mapping[str, Way] = {
    "429 without end": says("429 Too Many Requests"),
    "429 for an hour": says("429 Too Many Requests", "Retry-After: 3600"),
    "503 without end": says("503 Service Unavailable"),
    "503 with an unreadable Retry-After": says("503 Service Unavailable", "Retry-After: soon"),
    "403 with a spent rate limit": says("403 Forbidden", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 9999999999"),
    "500": says("500 Internal Server Error"),
    "401": says("401 Unauthorized"),
    "204 and nothing": lambda peer, _b, _p: peer.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
    "206 that nobody asked for": lambda peer, body, _p: peer.sendall(
        head(len(half(body)), f"Content-Range: bytes 5-9/{len(body)}", status="206 Partial Content") + half(body)
    ),
    "hang before the first byte": hangs(0),
    "hang in the headers": hangs(25),
    "hang in the body": hangs(200),
    "drip, a byte at a time": drips,
    "closed at once": sends(b""),
    "reset in the body": resets,
    "truncated body": lambda peer, body, _p: peer.sendall(head(len(body)) + half(body)),
    "length one too large": alters(lambda body: body, told=1),
    "length half of the body": lambda peer, body, _p: peer.sendall(head(len(half(body))) + body),
    "two lengths": lambda peer, body, _p: peer.sendall(head(len(body), "Content-Length: 7") + body),
    "length that is no number": lambda peer, body, _p: peer.sendall(head(None, "Content-Length: many") + body),
    "length beyond every limit": sends(head(1 << 50)),
    "no length and half a body": lambda peer, body, _p: peer.sendall(head(None) + half(body)),
    "no end of the body": lambda peer, _b, _p: peer.sendall(head(None) + b"x" * 400_000),
    "chunks cut short": chunks(lambda body: one_chunk(half(body))),
    "chunk that lies about its size": chunks(lambda body: b"5\r\n" + body + b"\r\n0\r\n\r\n"),
    "chunk size that is no number": chunks(lambda body: b"zz\r\n" + body),
    "wrong charset, bytes of another": alters(lambda body: body.replace(b"\xe6", b"\xff"), "text/html; charset=utf-8"),
    "unknown charset": alters(lambda body: body.replace(b"\xe6", b"\xff"), "text/html; charset=martian"),
    "wrong content type": alters(lambda body: b"%PDF-1.7 " + half(body), "application/pdf"),
    "redirect loop": redirects("{path}"),
    "redirect without a place": lambda peer, _b, _p: peer.sendall(head(0, status="301 Moved Permanently")),
    "redirect to a file": redirects("file:///etc/passwd"),
    "redirect to the metadata service": redirects("http://169.254.169.254/latest/meta-data/"),
    "redirect to loopback": redirects("http://127.0.0.1:9/"),
    "redirect to nonsense": redirects("http://[::1"),
    "gzip bomb": packs("gzip", lambda _body: gzip.compress(bytes(30_000_000))),
    "gzip cut short": packs("gzip", lambda body: gzip.compress(body)[:-10]),
    "gzip that is none": packs("gzip", lambda body: b"\x1f\x8b" + half(body)),
    "gzip with a flipped byte": packs("gzip", lambda body: flip(gzip.compress(body))),
    "deflate with a wrong checksum": packs("deflate", lambda body: zlib.compress(body)[:-1] + b"\0"),
    "packing that we do not know": packs("br", half),
    "changed content": alters(lambda body: body[::-1]),
    "one byte flipped": alters(flip),
    "empty body": alters(lambda _body: b""),
    "error page with status 200": alters(lambda _body: b"<html><h1>Service temporarily unavailable"),
    "login page with status 200": alters(lambda _body: b"<html><form>Password: <input></form>"),
    "no HTTP at all": sends(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "garbage": sends(bytes(range(256)) * 8),
    "headers without end": sends(b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 300_000),
    "status that is no number": sends(b"HTTP/1.1 abc Fine\r\n\r\n"),
    "a NUL in a header": sends(b"HTTP/1.1 200 OK\r\nX-A: \0\r\nContent-Length: 0\r\n\r\n"),
}


class HostileServer:
    """A server on this machine: honest bodies by path, except at `target`, where it behaves as it is told."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.target, self.way = "", honest
        self.asked: list[str] = []
        self._socket = socket.create_server(("localhost", 0))
        self.url = f"http://localhost:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "HostileServer":
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        with peer:
            try:
                asked = b""
                while b"\r\n\r\n" not in asked:
                    piece = peer.recv(65_536)
                    if not piece:
                        return
                    asked += piece
                path = asked.split(b" ", 2)[1].decode()
                self.asked.append(path)
                if path not in self.bodies:
                    says("404 Not Found")(peer, b"", path)
                    return
                (self.way if path == self.target else honest)(peer, self.bodies[path], path)
            except OSError:
                return  # the reader has left, which is what some ways are there for

"""Documents by address: refused unless `allow_urls` says otherwise, and then fetched from public hosts only.

A program that reads whatever address it is given can be sent to the machines behind its own firewall (server-side
request forgery). So: http and https alone; every address that a name stands for must be public, and the
connection goes to the very address that was checked; each redirect is checked anew; no proxies, no
credentials, no packed bodies; bytes and time are limited.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import threading
import time
from pathlib import Path
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit

from sampan.documents.options import ParseOptions
from sampan.errors import InputError, LimitError

MAX_REDIRECTS = 5
_CHUNK = 1 << 16
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class FetchedFile(io.BytesIO):
    """The bytes of a fetched document, with the name that its address ends in."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


def fetch(address: str, options: ParseOptions) -> FetchedFile:
    """The document at `address`. InputError for what may not or cannot be fetched, LimitError if it is too much."""
    shown = _without_secrets(address)
    if not options.allow_urls:
        raise InputError(f"{shown} is an address, which is not fetched: download the file, or set allow_urls")
    deadline = time.monotonic() + options.max_fetch_seconds
    for _ in range(MAX_REDIRECTS + 1):
        parts = _checked(address, shown)
        found = _get(parts, shown, options, deadline)
        if isinstance(found, bytes):
            name = Path(unquote(parts.path)).name or parts.hostname or "document"
            return FetchedFile(found, name)
        address = urljoin(address, found)
        shown = _without_secrets(address)
    raise InputError(
        f"{shown} is the {MAX_REDIRECTS + 1}th redirect (limit {MAX_REDIRECTS}): give the last address"
    )


def _checked(address: str, shown: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise InputError(f"{shown} is no address: {error}") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise InputError(
            f"{shown} is fetched by {parts.scheme}, which is not allowed: give an http or https address"
        )
    if parts.username is not None or parts.password is not None:
        raise InputError(f"{shown} carries a user name or password: download the file by other means")
    if not parts.hostname:
        raise InputError(f"{shown} names no host: check the address")
    return parts


def _get(parts: SplitResult, shown: str, options: ParseOptions, deadline: float) -> bytes | str:
    """The body, or where a redirect leads."""
    host, secure = parts.hostname or "", parts.scheme.lower() == "https"
    port = parts.port or (443 if secure else 80)
    try:
        connection = _connection(host, port, secure, shown, deadline)
    except (OSError, UnicodeError) as error:
        raise _failed(shown, error, options, deadline) from None
    # A host that sends a byte now and then would keep every single read within its time.
    watch = threading.Timer(max(deadline - time.monotonic(), 0.0), _shut, (connection.sock,))
    watch.daemon = True
    watch.start()
    try:
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request("GET", target, headers={"Accept-Encoding": "identity", "User-Agent": "sampan"})
        found = _body(connection.getresponse(), shown, options)
        if time.monotonic() >= deadline:
            raise TimeoutError
        return found
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failed(shown, error, options, deadline) from None
    finally:
        watch.cancel()
        connection.close()


def _body(response: http.client.HTTPResponse, shown: str, options: ParseOptions) -> bytes | str:
    if response.status in (301, 302, 303, 307, 308):
        return response.getheader("Location") or ""
    if response.status != 200:
        raise InputError(f"{shown} cannot be fetched: its host answers {response.status} {response.reason}")
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise InputError(f"{shown} comes packed although plain bytes were asked for: download the file")
    limit = options.max_bytes
    too_large = LimitError(f"{shown} is larger than the limit of {limit:,} bytes: raise max_bytes")
    if response.length is not None and response.length > limit:
        raise too_large
    data = bytearray()
    while chunk := response.read(_CHUNK):
        data += chunk
        if len(data) > limit:
            raise too_large
    if response.length:
        raise InputError(f"{shown} ends {response.length:,} bytes early: try again")
    return bytes(data)


def _connection(
    host: str, port: int, secure: bool, shown: str, deadline: float
) -> http.client.HTTPConnection:
    """A connection to a checked address of `host`: a second look-up of the name could give another one."""
    left = max(deadline - time.monotonic(), 0.001)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not is_public(address):
            raise InputError(
                f"{shown} leads to {address}, which is no public address: download the file yourself"
            )
    connection = http.client.HTTPConnection(host, port, timeout=left)
    plain = socket.create_connection((addresses[0], port), timeout=left)
    try:
        if secure:
            connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        else:
            connection.sock = plain
    except BaseException:
        plain.close()
        raise
    return connection


def is_public(address: str) -> bool:
    """Whether an IP address is anybody's to reach, whatever it is wrapped in."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _failed(shown: str, error: Exception, options: ParseOptions, deadline: float) -> InputError:
    if time.monotonic() >= deadline:
        seconds = options.max_fetch_seconds
        return LimitError(
            f"{shown} took longer than {seconds:g} s to fetch: try again or raise max_fetch_seconds"
        )
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return InputError(f"{shown} cannot be fetched ({reason}): check the address and the connection")


def _shut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:  # closed already
        return


def _without_secrets(address: str) -> str:
    """The address as it may stand in a message: no user, no query, not endless."""
    plain = re.sub(r"//[^/@]*@", "//", address.split("?")[0].split("#")[0])
    return plain if len(plain) <= 120 else plain[:119] + "…"

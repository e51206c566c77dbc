"""What stands before every address: who may come in, what every answer carries, what is counted and logged.

Plain ASGI, because a key must be looked at before a single byte of a document is taken in.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sampan.server import problems
from sampan.server.logs import log, log_defect
from sampan.server.metrics import Metrics
from sampan.server.problems import ProblemError
from sampan.server.settings import ServerSettings

PAGE_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
RESULT_POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'"
)
"""A result shows what strangers wrote: no script, no form, no connection."""

_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_OPEN = re.compile(r"/|/healthz|/readyz|/openapi\.json|/favicon\.ico|/page/.*")
"""Addresses that need no key: whether the server lives, how to speak to it, and the page that asks for the key."""
_ALWAYS = frozenset({"/healthz", "/readyz", "/metrics"})
"""Addresses that answer however busy the server is, so that one can see that it is."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Gate:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, settings: ServerSettings, metrics: Metrics) -> None:
        self.app = app
        self.settings = settings
        self.metrics = metrics
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        start = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    answered.setdefault(name, value)
                answered["X-Request-ID"] = request_id
            await send(message)

        self._open += 1
        try:
            refused = self._refusal(scope, headers)
            if refused is not None:
                await problems.answer(refused.kind, refused.detail, refused.headers)(
                    scope, receive, send_with_headers
                )
            else:
                await self.app(scope, receive, send_with_headers)
        except Exception as error:
            log_defect("defect", error, request=request_id)
            if status == 0:
                detail = f"this is a defect of Sampan; the server's log knows it as request {request_id}"
                await problems.answer(problems.DEFECT, detail)(scope, receive, send_with_headers)
        finally:
            self._open -= 1
            self._count(scope, request_id, status, time.perf_counter() - start)

    def _refusal(self, scope: Scope, headers: Headers) -> ProblemError | None:
        """Why the request may not come in; else the owner of its key is in its state."""
        host = _host(headers.get("host", ""))
        hosts = self.settings.hosts
        if hosts is not None and host not in hosts:
            return ProblemError(
                problems.BAD_HOST,
                f"the request is for {host[:80]!r}, this server is {', '.join(sorted(hosts))}: "
                "use that name, or start it with --allowed-host",
            )
        cross_site = headers.get("sec-fetch-site") == "cross-site"
        if (
            cross_site
            and scope["method"] not in _SAFE
            and headers.get("origin") not in self.settings.cors_origins
        ):
            return ProblemError(
                problems.CROSS_SITE,
                "a page of another site sent this request: allow that site with --cors-origin if it is yours",
            )
        if self._open > self.settings.concurrency and scope["path"] not in _ALWAYS:
            return ProblemError(
                problems.TOO_MANY,
                f"{self._open - 1} requests are being answered (limit {self.settings.concurrency}): "
                "try again in 1 s",
                {"Retry-After": "1"},
            )
        state = scope.setdefault("state", {})
        state["owner"] = ""
        if not self.settings.keys or _OPEN.fullmatch(scope["path"]) or scope["method"] == "OPTIONS":
            return None
        owner = _owner(headers, self.settings.keys)
        if owner is None:
            return ProblemError(
                problems.NO_KEY,
                "send a key of this server as `Authorization: Bearer KEY` or `X-API-Key: KEY`",
                {"WWW-Authenticate": "Bearer"},
            )
        state["owner"] = owner
        return None

    def _count(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        # Only the route's pattern: addresses that clients make up must not become labels without end.
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in {*_SAFE, "POST", "DELETE"} else "other"
        self.metrics.requests.labels(method, route, str(status)).inc()
        self.metrics.request_seconds.labels(route).observe(seconds)
        job = scope.get("path_params", {}).get("id")
        log(
            "request", method=method, route=route, status=status, seconds=round(seconds, 4), request=request_id,
            job=job if isinstance(job, str) and re.fullmatch(r"[0-9a-f]{32}", job) else None,
        )  # fmt: skip


def _owner(headers: Headers, keys: dict[str, str]) -> str | None:
    """The name of the key that was sent; takes the same time whichever key fits."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    given = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    digest = hashlib.sha256(given.encode("utf-8", "replace")).digest()
    found = None
    for name, key in keys.items():
        if hmac.compare_digest(digest, hashlib.sha256(key.encode()).digest()):
            found = name
    return found


def _host(header: str) -> str:
    """The name in a Host header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.rpartition(":")[0].lower() if re.search(r":\d*$", header) else header.lower()

"""Faults below the dialects: sockets, HTTP, the server's start and end."""

from typing import Final

from tests.planted.fault import Fault

ADMISSION: Final = "tests/hub/test_admission.py"
HTTP: Final = "tests/hub/http/test_server.py"
HOSTS: Final = "tests/hub/http/test_hosts.py"
HEADERS: Final = "tests/hub/http/test_headers.py"
WEBSOCKET: Final = "tests/hub/sockets/test_websocket.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a page of any origin may open a WebSocket",
        "hub/admission.py",
        "elif not origin_allowed(head, services.config.web_origins, scheme):",
        "elif services.config is None:",
        ("tests/hub/test_every_socket.py",),
    ),
    Fault(
        "a connection keeps the request that opened it in memory",
        "hub/admission.py",
        "                del upgrade  # the request is not kept as long as the connection\n",
        "",
        (ADMISSION,),
    ),
    Fault(
        "a batch does not include items that arrive in the next turn of the loop",
        "hub/batching.py",
        "for _ in range(self._turns):",
        "for _ in range(0):",
        ("tests/hub/test_batching.py",),
    ),
    Fault(
        "a request for any host name is accepted",
        "hub/http/server.py",
        'if not self._admits(head.header(b"host")):',
        "if not self._admits(None):",
        (HOSTS,),
    ),
    Fault(
        "a host name that only ends like one of the hub's domains is accepted",
        "hub/http/hosts.py",
        'domains = [each for each in lower if each.startswith(".")]',
        'domains = [each.removeprefix(".") for each in lower]',
        (HOSTS,),
    ),
    Fault(
        "a user name before the host name in a Host header is accepted",
        "hub/http/hosts.py",
        " or parts.username is not None:",
        ":",
        (HOSTS,),
    ),
    Fault(
        "a response has no security headers",
        "hub/http/asgi.py",
        'headers = with_headers(message.get("headers", ()), self.headers)',
        'headers = list(message.get("headers", ()))',
        (HEADERS,),
    ),
    Fault(
        "the response to a refused upgrade lacks its own headers",
        "hub/http/server.py",
        "headers = (*more, *self.headers)",
        "headers = (*more,)",
        (HEADERS,),
    ),
    Fault(
        "a hub behind a TLS proxy does not send HSTS headers",
        "hub/admission.py",
        'is_tls = scheme == "https" or self._services.config.is_only_tls',
        'is_tls = scheme == "https"',
        (HEADERS,),
    ),
    Fault(
        "a header line may be continued on the next line",
        "hub/http/server.py",
        r'rb"(?<!\r)\n|\n[ \t]"',
        r'rb"(?<!\r)\n"',
        (HTTP,),
    ),
    Fault(
        "a header line may end without a carriage return",
        "hub/http/server.py",
        r'rb"(?<!\r)\n|\n[ \t]"',
        r'rb"\n[ \t]"',
        (HTTP,),
    ),
    Fault(
        "an HTTP error quotes a Python representation of the request",
        "hub/http/server.py",
        "{_QUOTED.sub('', str(error))}",
        "{error}",
        (HTTP,),
    ),
    Fault(
        "a trailing slash redirects a browser to the host that the request names",
        "hub/rest/app.py",
        "app.router.redirect_slashes = False",
        "app.router.redirect_slashes = True",
        ("tests/hub/rest/test_app.py",),
    ),
    Fault(
        "new connections are accepted while the server stops",
        "hub/admission.py",
        "elif not services.status.accepting:",
        "elif services.status is None:",
        ("tests/hub/test_every_socket.py",),
    ),
    Fault(
        "a connection outlives its session",
        "hub/admission.py",
        "        self._services.live_sessions.note(session)\n",
        "",
        ("tests/hub/identity/test_live_sessions.py",),
    ),
    Fault(
        "a cookie takes precedence over the token that a page offers",
        "hub/admission.py",
        "            return await find(cookie, {}, head.offered_token)\n",
        "            return await find(cookie, head.cookies(), head.offered_token)\n",
        (ADMISSION,),
    ),
    Fault(
        "a connection that ended is not unregistered",
        "hub/admission.py",
        "                await services.hub.post(Unregister(client))\n",
        "                await trio.lowlevel.checkpoint()\n",
        ("tests/hub/services/presence/test_users.py",),
    ),
    Fault(
        "a stop does not wait for requests and connections",
        "hub/app.py",
        "        await admission.drain()\n",
        "",
        ("tests/e2e/test_process.py",),
    ),
    Fault(
        "a client that closes its connection gets no close frame",
        "hub/sockets/websocket_link.py",
        "            self.offer_control(close_answer(payload))\n",
        "",
        (WEBSOCKET,),
    ),
    Fault(
        "a ping gets no pong",
        "hub/sockets/websocket_link.py",
        "        self.offer_control(pong_frame(payload))\n",
        "        self.ponged()\n",
        (WEBSOCKET,),
    ),
    Fault(
        "a client that does not read stays connected",
        "hub/sockets/websocket_link.py",
        """            self._outbox.discard()
            self.close(TOO_SLOW)
""",
        "            self._outbox.shed += 1\n",
        ("tests/hub/sockets/test_websocket_link.py",),
    ),
    Fault(
        "a peer that sends no pong stays connected",
        "hub/sockets/websocket_link.py",
        "            elif now >= self._last_pong + heartbeat.timeout:\n",
        "            elif now >= self._last_pong + heartbeat.timeout + 1e9:\n",
        ("tests/hub/sockets/test_websocket_link.py",),
    ),
    Fault(
        "messages are dropped before typing and presence",
        "hub/sockets/outbox.py",
        "if ephemeral and ",
        "if not ephemeral and ",
        ("tests/hub/sockets/test_outbox.py",),
    ),
    Fault(
        "a ping is written into the middle of a frame",
        "hub/sockets/outbox.py",
        "parts = [self._remainder, self._control]",
        "parts = [self._control, self._remainder]",
        ("tests/hub/sockets/test_outbox.py",),
    ),
    Fault(
        "an address may have one connection more than its limit",
        "hub/sockets/listener.py",
        "self._open[peer] >= self.caps.per_address",
        "self._open[peer] > self.caps.per_address",
        ("tests/hub/sockets/test_listener.py",),
    ),
    Fault(
        "closed connections still count for their address",
        "hub/sockets/listener.py",
        "            self._open[peer] -= 1\n            if not",
        "            if not",
        ("tests/hub/sockets/test_listener.py",),
    ),
    Fault(
        "a TLS handshake may take for ever",
        "hub/sockets/listener.py",
        "    with trio.fail_after(TLS_SECONDS) as",
        "    with trio.CancelScope() as",
        ("tests/hub/sockets/test_listener.py",),
    ),
    Fault(
        "a body without a declared length may be of any size",
        "hub/http/body.py",
        """                if self._received > self._max_bytes:
                    raise _TOO_BIG
""",
        "",
        (HTTP,),
    ),
    Fault(
        "a peer that sends too much is disconnected before it can read the error",
        "hub/http/server.py",
        "            left = LINGER_BYTES\n",
        "            left = 262_144\n",
        (HTTP, "tests/e2e/http/test_clients.py"),
    ),
    Fault(
        "Content-Length beside Transfer-Encoding is accepted",
        "hub/http/body.py",
        'if head.all(b"content-length") and head.all(b"transfer-encoding"):',
        'if len(head.all(b"content-length")) > 1:',
        (HTTP,),
    ),
    Fault(
        "a request head may arrive a byte at a time without a deadline",
        "hub/http/server.py",
        "        with trio.move_on_after(self._limits.head_seconds) as patience:\n",
        "        with trio.CancelScope() as patience:\n",
        (HTTP,),
    ),
    Fault(
        "a request that changes data is cancelled when its client leaves",
        "hub/http/asgi.py",
        "is_safe = exchange.head.method in SAFE_METHODS",
        "is_safe = exchange.head.method not in ()",
        (HTTP,),
    ),
    Fault(
        "a content encoding that the client refuses is used",
        "hub/http/compression.py",
        "    return best if weights.get(best.name, others) > 0 else None\n",
        "    return best if best.name in weights or others else None\n",
        ("tests/hub/http/test_compression.py",),
    ),
    Fault(
        "a file is sent again although a proxy's compressed copy is still valid",
        "hub/http/conditional.py",
        '_weak(current.get("etag", "")) in map(_weak, tags)',
        'current.get("etag", "") in tags',
        ("tests/hub/http/test_conditional.py", "tests/hub/rest/routes/test_uploads.py"),
    ),
    Fault(
        "ranges of two versions of a file are combined",
        "hub/http/conditional.py",
        """    if request.headers.get("if-range", validators[0]) not in validators:
        return None
""",
        "",
        ("tests/hub/http/test_conditional.py", "tests/hub/rest/routes/test_uploads.py"),
    ),
    Fault(
        "a response may be cached",
        "hub/http/responses.py",
        '{"Cache-Control": "no-store", **(headers or {})}',
        "headers or {}",
        ("tests/hub/rest/test_app.py",),
    ),
    Fault(
        "idle peers that are not signed in keep other peers out",
        "hub/sockets/listener.py",
        "                scope.cancel()\n",
        "                pass\n",
        ("tests/hub/sockets/test_listener.py",),
    ),
    Fault(
        "a signed-in connection is closed to make room for other peers",
        "hub/sockets/listener.py",
        "transport.is_known() or scope.cancel_called",
        "scope.cancel_called",
        ("tests/hub/sockets/test_listener.py",),
    ),
)

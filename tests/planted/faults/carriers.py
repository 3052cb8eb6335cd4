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
        "any page may open a WebSocket",
        "hub/admission.py",
        "elif not origin_allowed(head, services.config.web_origins, scheme):",
        "elif services.config is None:",
        ("tests/hub/test_every_socket.py",),
    ),
    Fault(
        "a connection keeps the request that opened it",
        "hub/admission.py",
        "                del upgrade  # the request is not kept as long as the connection\n",
        "",
        (ADMISSION,),
    ),
    Fault(
        "a batch does not wait for what the next turn brings",
        "hub/batching.py",
        "for _ in range(self._turns):",
        "for _ in range(0):",
        ("tests/hub/test_batching.py",),
    ),
    Fault(
        "any host name is the hub's",
        "hub/http/server.py",
        'if not self._admits(head.header(b"host")):',
        "if not self._admits(None):",
        (HOSTS,),
    ),
    Fault(
        "a name that ends like one of the hub's counts as the hub's",
        "hub/http/hosts.py",
        'domains = [each for each in lower if each.startswith(".")]',
        'domains = [each.removeprefix(".") for each in lower]',
        (HOSTS,),
    ),
    Fault(
        "who stands before the address in a Host is not looked at",
        "hub/http/hosts.py",
        " or parts.username is not None:",
        ":",
        (HOSTS,),
    ),
    Fault(
        "a browser may take a response for what it does not say",
        "hub/http/asgi.py",
        'headers = with_headers(message.get("headers", ()), self.headers)',
        'headers = list(message.get("headers", ()))',
        (HEADERS,),
    ),
    Fault(
        "an upgrade that is refused has no headers of its own",
        "hub/http/server.py",
        "headers = (*more, *self.headers)",
        "headers = (*more,)",
        (HEADERS,),
    ),
    Fault(
        "a browser comes back without TLS",
        "hub/admission.py",
        'is_tls = scheme == "https" or self._services.config.is_only_tls',
        'is_tls = scheme == "https"',
        (HEADERS,),
    ),
    Fault(
        "a line of a head may go on in the next one",
        "hub/http/server.py",
        r'rb"(?<!\r)\n|\n[ \t]"',
        r'rb"(?<!\r)\n"',
        (HTTP,),
    ),
    Fault(
        "a line of a head may end without a carriage return",
        "hub/http/server.py",
        r'rb"(?<!\r)\n|\n[ \t]"',
        r'rb"\n[ \t]"',
        (HTTP,),
    ),
    Fault(
        "an error shows what only Python understands",
        "hub/http/server.py",
        "{_QUOTED.sub('', str(error))}",
        "{error}",
        (HTTP,),
    ),
    Fault(
        "a slash too many sends a browser to whatever host it asked for",
        "hub/rest/app.py",
        "app.router.redirect_slashes = False",
        "app.router.redirect_slashes = True",
        ("tests/hub/rest/test_app.py",),
    ),
    Fault(
        "new connections are taken while the server stops",
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
        "a cookie that came by itself wins over the token of a page",
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
        "stopping does not wait for requests and connections",
        "hub/app.py",
        "        await admission.drain()\n",
        "",
        ("tests/e2e/test_process.py",),
    ),
    Fault(
        "a client closes its connection and gets no close frame",
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
        "a client that does not read is not closed",
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
        "one more connection than an address may have",
        "hub/sockets/listener.py",
        "self._open[peer] >= self.caps.per_address",
        "self._open[peer] > self.caps.per_address",
        ("tests/hub/sockets/test_listener.py",),
    ),
    Fault(
        "an address's connections are counted for ever",
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
        "a body whose length was not declared may be of any size",
        "hub/http/body.py",
        """                if self._received > self._max_bytes:
                    raise _TOO_BIG
""",
        "",
        (HTTP,),
    ),
    Fault(
        "who sends too much is cut off before it is told so",
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
        "a request may come a byte at a time, without end",
        "hub/http/server.py",
        "        with trio.move_on_after(self._limits.head_seconds) as patience:\n",
        "        with trio.CancelScope() as patience:\n",
        (HTTP,),
    ),
    Fault(
        "a request that changes something is cancelled when its client leaves",
        "hub/http/asgi.py",
        "is_safe = exchange.head.method in SAFE_METHODS",
        "is_safe = exchange.head.method not in ()",
        (HTTP,),
    ),
    Fault(
        "an encoding that a client refuses is used",
        "hub/http/compression.py",
        "    return best if weights.get(best.name, others) > 0 else None\n",
        "    return best if best.name in weights or others else None\n",
        ("tests/hub/http/test_compression.py",),
    ),
    Fault(
        "a file that a proxy compressed is sent again and again",
        "hub/http/conditional.py",
        '_weak(current.get("etag", "")) in map(_weak, tags)',
        'current.get("etag", "") in tags',
        ("tests/hub/http/test_conditional.py", "tests/hub/rest/routes/test_uploads.py"),
    ),
    Fault(
        "parts of two versions of a file are put together",
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
        "idle strangers keep others out",
        "hub/sockets/listener.py",
        "                scope.cancel()\n",
        "                pass\n",
        ("tests/hub/sockets/test_listener.py",),
    ),
    Fault(
        "who has signed in makes room for strangers",
        "hub/sockets/listener.py",
        "transport.is_known() or scope.cancel_called",
        "scope.cancel_called",
        ("tests/hub/sockets/test_listener.py",),
    ),
)

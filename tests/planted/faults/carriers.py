"""Faults below the dialects: sockets, HTTP, Engine.IO, Socket.IO, the server's start and end."""

from typing import Final

from tests.planted.fault import Fault

ADMISSION: Final = "tests/hub/test_admission.py"
HTTP: Final = "tests/hub/http/test_server.py"
HOSTS: Final = "tests/hub/http/test_hosts.py"
HEADERS: Final = "tests/hub/http/test_headers.py"
ENGINEIO: Final = "tests/hub/engineio/test_server.py"
BINDING: Final = "tests/hub/engineio/test_binding.py"
APPLICATION: Final = "tests/hub/socketio/test_application.py"
RECOVERY: Final = "tests/hub/socketio/test_recovery.py"
JOURNAL: Final = "tests/hub/socketio/test_journal.py"
SHORTENING: Final = "tests/hub/socketio/test_shortening.py"
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
        "        with trio.move_on_after(self._limits.head_seconds):\n",
        "        with trio.CancelScope():\n",
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
        "an Engine.IO session serves another origin",
        "hub/engineio/server.py",
        """        if not connection.binding.admits(head):
            raise _Refused(Fault.FORBIDDEN)
""",
        "",
        (BINDING,),
    ),
    Fault(
        "whoever names no origin carries the session of a page that did",
        "hub/engineio/binding.py",
        "            return not self._is_always_named\n",
        "            return True\n",
        (BINDING,),
    ),
    Fault(
        "the WebSocket of an upgrade outlives its session",
        "hub/engineio/connection.py",
        """        if self._upgrading is not None:
            self._upgrading.close(reason)
""",
        "",
        (ENGINEIO,),
    ),
    Fault(
        "a second WebSocket ends the upgrade of the first",
        "hub/engineio/connection.py",
        " or self._upgrading is not None:",
        ":",
        (ENGINEIO,),
    ),
    Fault(
        "an Engine.IO session whose peer sends no pong goes on",
        "hub/engineio/connection.py",
        "                self.close(GOING_AWAY)\n",
        "                self._ponged.set()\n",
        (ENGINEIO,),
    ),
    Fault(
        "two polling requests of a session wait at a time",
        "hub/engineio/connection.py",
        """        if self._poll is not None:
            self.session.queue(Packet(PacketType.CLOSE))
            self.close()
            raise EngineError("another request waits already")
""",
        "",
        (ENGINEIO,),
    ),
    Fault(
        "an Engine.IO session's queue has no bound",
        "hub/engineio/connection.py",
        """            if self.session.is_full:
                self.close()
""",
        "",
        (ENGINEIO, "tests/hub/sockets/test_websocket_link.py"),
    ),
    Fault(
        "a channel that is joined again is recovered from its newest message",
        "hub/socketio/journal.py",
        "        if channel_id in self.slip.entered:\n            return\n",
        "",
        (RECOVERY, JOURNAL),
    ),
    Fault(
        "a Socket.IO connection that breaks while it resumes is recovered from what it had before",
        "hub/socketio/journal.py",
        "        self.link.start_over(positions)\n",
        "",
        (RECOVERY, JOURNAL),
    ),
    Fault(
        "an event is acknowledged twice",
        "hub/socketio/server.py",
        "        if not is_done:\n",
        "        if not is_done or args:\n",
        ("tests/hub/socketio/test_server.py",),
    ),
    Fault(
        "a session that joins no namespace stays",
        "hub/socketio/server.py",
        "            if waiting.cancelled_caught:\n                return False\n",
        "            if waiting.cancelled_caught:\n                return True\n",
        ("tests/hub/socketio/test_server.py",),
    ),
    Fault(
        "the time to recover a connection runs from long before its end",
        "hub/socketio/application.py",
        "                    await self._ended.put(member.slip)\n",
        "                    pass\n",
        (RECOVERY,),
    ),
    Fault(
        "no end of a connection is noted after an outage",
        "hub/socketio/application.py",
        "        with suppress(StoreUnavailable):\n            await self._recoveries.touch",
        "        await self._recoveries.touch",
        (RECOVERY,),
    ),
    Fault(
        "words that lead in nowhere lengthen the patience",
        "hub/socketio/server.py",
        "            patience -= trio.current_time() - began\n",
        "",
        ("tests/hub/socketio/test_server.py",),
    ),
    Fault(
        "who comes with many others is sent away",
        "hub/socketio/server.py",
        "            await self._take(message)\n        return True",
        "            with trio.move_on_after(patience):\n"
        "                await self._take(message)\n        return bool(self.sockets)",
        ("tests/hub/socketio/test_server.py",),
    ),
    Fault(
        "a client is whoever it claims to be",
        "hub/socketio/application.py",
        """        if claimed is not None and _user_id(claimed) != session.user.id:
            raise ConnectRefused(_UNAUTHORIZED)
""",
        "",
        (APPLICATION, "tests/e2e/test_socketio_messages.py"),
    ),
    Fault(
        "a connection goes on when its token has ended",
        "hub/socketio/application.py",
        "        self._services.live_sessions.note(session)\n        self._members",
        "        self._members",
        (APPLICATION, "tests/hub/identity/test_authentication.py"),
    ),
    Fault(
        "another user's token prolongs a connection",
        "hub/socketio/application.py",
        "if isinstance(session, Session) and session.user.id == member.client.user.id:",
        "if isinstance(session, Session):",
        (APPLICATION,),
    ),
    Fault(
        "a Socket.IO client that left is not unregistered",
        "hub/socketio/application.py",
        "            await self._services.hub.post(Unregister(member.client))\n",
        "",
        (APPLICATION, RECOVERY),
    ),
    Fault(
        "another user's connection is recovered",
        "hub/socketio/recovery.py",
        "if found is None or found.user_id != user_id:",
        "if found is None:",
        (RECOVERY,),
    ),
    Fault(
        "an event about a message has a second argument",
        "hub/socketio/link.py",
        "            self.socket.queue(text.decode())\n",
        """            data = text.decode()
            self.socket.queue(data if frames.position is None else f'{data[:-1]},"1:1"]')
""",
        (APPLICATION, RECOVERY),
    ),
    Fault(
        "a client is told that it has a message before it has",
        "hub/socketio/link.py",
        """        for text in frames.data.split(SEPARATOR):
            self.socket.queue(text.decode())
        position = frames.position
        if position is not None and self.is_recoverable:
            self.offset.move(position)
            self.socket.queue(self._wire.offset(self.offset))
""",
        """        position = frames.position
        if position is not None and self.is_recoverable:
            self.offset.move(position)
            self.socket.queue(self._wire.offset(self.offset))
        for text in frames.data.split(SEPARATOR):
            self.socket.queue(text.decode())
""",
        (RECOVERY,),
    ),
    Fault(
        "an offset grows with the channels of its client",
        "hub/socketio/link.py",
        "            if len(self.offset) >= LISTED:\n                self._shorten()\n",
        "",
        (SHORTENING,),
    ),
    Fault(
        "what a Socket.IO client was sent is taken as received, without its answer to a ping",
        "hub/socketio/shortening.py",
        "            if await link.socket.received():\n",
        "            if not link.socket.is_behind:\n",
        (SHORTENING,),
    ),
    Fault(
        "a malformed post costs nothing",
        "hub/engineio/connection.py",
        "            await self.meter.take(len(body) / BYTES_OF_ONE)\n",
        "",
        (ENGINEIO,),
    ),
    Fault(
        "a ping is answered by the pong to the one before it",
        "hub/engineio/connection.py",
        "            answered, self._answered = self._answered, trio.Event()\n",
        "            answered = self._answered\n",
        (ENGINEIO, SHORTENING),
    ),
    Fault(
        "a Socket.IO client that does not say what it received is told of ever more",
        "hub/socketio/link.py",
        "        if len(self.offset) > MAX_LISTED:\n",
        "        if not self.offset:\n",
        (SHORTENING,),
    ),
    Fault(
        "a replay does not wait until its offset is short again",
        "hub/socketio/link.py",
        "self.socket.is_behind or self._shortened is not None",
        "self.socket.is_behind",
        (SHORTENING,),
    ),
    Fault(
        "a recovered connection starts from where the broken one started",
        "hub/socketio/takeovers.py",
        "        await self._recoveries.save(slip)  # what",
        "        pass  # what",
        (SHORTENING,),
    ),
    Fault(
        "what is asked for again counts as received",
        "hub/socketio/offset.py",
        "            self._asked.pop(channel_id, None)\n\n    def received",
        "            self._seqs.get(channel_id)\n\n    def received",
        ("tests/hub/socketio/test_offset.py",),
    ),
    Fault(
        "a recovered client gets again what it has received",
        "hub/socketio/recovery.py",
        "channel_id: reached.or_further(received.positions.get(channel_id, Reached()))",
        "channel_id: reached",
        (RECOVERY,),
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

"""Faults in the settings, the limits and the command line."""

from typing import Final

from tests.planted.fault import Fault

HTTP: Final = "tests/hub/http/test_server.py"
QUOTAS: Final = "tests/hub/limits/test_quotas.py"
WINDOWS: Final = "tests/hub/limits/test_windows.py"
SENDING: Final = "tests/hub/services/test_sending.py"
REDACTION: Final = "tests/hub/settings/test_redaction.py"

LOG_SINK: Final = "tests/hub/settings/test_log_sink.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "how often messages are changed is no setting",
        "hub/assembly.py",
        "        Kind.REVISIONS: Allowance(config.user_revisions_per_minute, MINUTE),\n",
        "",
        ("tests/hub/limits/test_quotas.py",),
    ),
    Fault(
        "log lines wait for a reader who stands still",
        "hub/settings/log_sink.py",
        "if self._is_closed or self._chars + len(text) > self._max_chars:",
        "if self._is_closed:",
        (LOG_SINK,),
    ),
    Fault(
        "a log line that cannot be written ends the log",
        "hub/settings/log_sink.py",
        "    except (OSError, ValueError):  # the latter: it is closed\n",
        "    except ValueError:\n",
        (LOG_SINK,),
    ),
    Fault(
        "nobody is told that log lines are missing",
        "hub/settings/log_sink.py",
        'self.tell(untold).encode() if untold else b""',
        'b""',
        (LOG_SINK,),
    ),
    Fault(
        "lines that were dropped are told of twice",
        "hub/settings/log_sink.py",
        "                self._untold -= told\n",
        "",
        (LOG_SINK,),
    ),
    Fault(
        "the level of the log stays what it was at the start",
        "hub/settings/logs.py",
        "    _threshold.level = getattr(logging, level.name)\n",
        "    _threshold.level = _threshold.level or getattr(logging, level.name)\n",
        ("tests/hub/settings/test_logs.py",),
    ),
    Fault(
        "a credential wins over a flag",
        "hub/settings/sources.py",
        "    return given.config()\n",
        "    given.given.clear()\n"
        "    for path in _credentials(environ.get(CREDENTIALS)):\n"
        "        given.take_credential(path)\n"
        "    return given.config()\n",
        ("tests/hub/settings/test_sources.py",),
    ),
    Fault(
        "a credential with a misspelt name is ignored",
        "hub/settings/sources.py",
        "cutoff=_LOOKS_LIKE",
        "cutoff=1.0",
        ("tests/hub/settings/test_sources.py",),
    ),
    Fault(
        "the hub waits for whoever reads its log",
        "hub/cli/main.py",
        "configure_logging(settings.log_level, settings.log_format, sink)",
        "configure_logging(settings.log_level, settings.log_format, sys.stderr)",
        ("tests/e2e/test_operating.py",),
    ),
    Fault(
        "a secret in a file counts with the end of its line",
        "hub/settings/sources.py",
        'else "\\n".join(lines)',
        'else "\\n".join((*lines, ""))',
        ("tests/hub/settings/test_sources.py",),
    ),
    Fault(
        "a secret and its file may both be given",
        "hub/settings/sources.py",
        "if name in self.given:",
        "if not name:",
        ("tests/hub/settings/test_sources.py",),
    ),
    Fault(
        "what the hub writes may be read by everybody",
        "hub/cli/main.py",
        "    os.umask(0o077)\n",
        "",
        ("tests/hub/cli/test_main.py",),
    ),
    Fault(
        "an error drives the terminal",
        "hub/cli/main.py",
        'last.write(f"{printable_text(text)}\\n")',
        'last.write(f"{text}\\n")',
        ("tests/hub/cli/test_main.py",),
    ),
    Fault(
        "what others need is no part of the bill of materials",
        "hub/cli/sbom.py",
        "        waiting += _requirements(found)\n",
        "        waiting += _requirements(found) if name == HUB else []\n",
        ("tests/hub/cli/test_sbom.py",),
    ),
    Fault(
        "check-config shows secrets",
        "hub/settings/redaction.py",
        "        return self._shown\n",
        "        return self._text or self._shown\n",
        (REDACTION, "tests/hub/cli/test_main.py"),
    ),
    Fault(
        "a misspelt setting is ignored",
        "hub/settings/sources.py",
        '            raise ConfigError(f"{source}: there is no setting {name}{hint}")\n',
        "            return hint\n",
        ("tests/hub/settings/test_sources.py",),
    ),
    Fault(
        "a short secret is accepted",
        "hub/settings/parsers.py",
        "    if len(given) < least:\n",
        "    if len(given) < 1:\n",
        ("tests/hub/settings/test_parsers.py", "tests/hub/settings/test_config.py"),
    ),
    Fault(
        "one more than the limit in a window",
        "hub/limits/windows.py",
        "        if len(times) >= self._limit:\n            return False",
        "        if len(times) > self._limit:\n            return False",
        (WINDOWS,),
    ),
    Fault(
        "a full table of attempts frees a throttled key",
        "hub/limits/windows.py",
        """        if len(self._throttled) >= self._max_keys:
            return False
        if len(self) >= self._max_keys:
            del self._free[next(iter(self._free))]
""",
        """        if len(self) >= self._max_keys:
            kept = self._throttled or self._free
            del kept[next(iter(kept))]
""",
        (WINDOWS,),
    ),
    Fault(
        "a place in flight comes back twice",
        "hub/limits/quotas.py",
        "semaphore, self._semaphore = self._semaphore, None",
        "semaphore = self._semaphore",
        (QUOTAS,),
    ),
    Fault(
        "each connection has a quota of its own",
        "hub/limits/quotas.py",
        "            self._quotas[user_id] = quota\n",
        "",
        (QUOTAS,),
    ),
    Fault(
        "a user may have any number of connections",
        "hub/limits/quotas.py",
        "self._connections.taken >= self._limit(Kind.CONNECTIONS)",
        "self._connections.taken < 0",
        (QUOTAS,),
    ),
    Fault(
        "a connection that ended keeps its place",
        "hub/admission.py",
        "        finally:\n            place.release()\n",
        "        finally:\n",
        (QUOTAS,),
    ),
    Fault(
        "a Socket.IO connection that ended keeps its place",
        "hub/socketio/application.py",
        "            member.place.release()\n",
        "",
        (QUOTAS,),
    ),
    Fault(
        "what an endpoint costs is not counted",
        "hub/rest/endpoint.py",
        "        for kind in self.costs:\n            call.pay(kind)\n",
        "",
        (QUOTAS,),
    ),
    Fault(
        "pins are not counted",
        "hub/services/revisions.py",
        "            return Kind.PINS\n",
        "            return Kind.REVISIONS\n",
        (QUOTAS,),
    ),
    Fault(
        "who is refused is told to come back too early",
        "hub/limits/windows.py",
        "max(self._began + self._seconds - now, 0.0)",
        "0.0",
        (QUOTAS, WINDOWS),
    ),
    Fault(
        "a conversation is opened without being counted",
        "hub/rest/routes/learning_chat/channels.py",
        "        call.pay(Kind.CONVERSATIONS)\n",
        "",
        (QUOTAS,),
    ),
    Fault(
        "the garbage collector looks at all connections again and again",
        "hub/garbage.py",
        """info["generation"]:
            gc.freeze()""",
        """info["generation"]:
            gc.set_threshold(YOUNG, TRIES, TRIES)""",
        ("tests/hub/test_garbage.py",),
    ),
    Fault(
        "a conversation is opened by a first message without being counted",
        "hub/services/sending.py",
        "            asker.quota.take(Kind.CONVERSATIONS, trio.current_time())\n",
        "            pass\n",
        (SENDING,),
    ),
    Fault(
        "who may open no more conversations cannot go on with theirs",
        "hub/services/sending.py",
        "        if view.channel_id is not None:\n",
        "        if view.blocked:\n",
        (SENDING,),
    ),
    Fault(
        "a first message opens a conversation beyond the allowance",
        "hub/services/sending.py",
        "        if not asker.quota.left(Kind.CONVERSATIONS, trio.current_time()):\n",
        "        if not asker.quota:\n",
        (SENDING,),
    ),
    Fault(
        "the terminal client lets a message drive the terminal",
        "hub/cli/chat.py",
        "        self.show(printable(line))\n",
        "        self.show(line)\n",
        ("tests/hub/cli/test_chat.py",),
    ),
    Fault(
        "a password inside a URL is shown",
        "hub/settings/redaction.py",
        "{MASK + at if at else ''}{host}",
        "{parts.netloc}",
        (REDACTION,),
    ),
    Fault(
        "an error about a secret quotes it",
        "hub/settings/setting.py",
        'given = "the value given" if self.parser.is_secret else redact(repr(value))',
        "given = redact(repr(value))",
        ("tests/hub/settings/test_config.py", "tests/hub/settings/test_sources.py"),
    ),
    Fault(
        "the terminal client sends a repeated line under a new key",
        "hub/cli/chat.py",
        "            await self._send(socket, key, line)\n        self._socket = socket",
        "            await self._send(socket, str(uuid4()), line)\n        self._socket = socket",
        ("tests/hub/cli/test_chat.py",),
    ),
    Fault(
        "connections of an address that is far behind wait as well",
        "hub/sockets/listener.py",
        "if self._visitors.is_far_behind(peer):",
        "if not peer:",
        ("tests/hub/sockets/test_listener.py",),
    ),
    Fault(
        "a TLS handshake costs before it is begun",
        "hub/sockets/listener.py",
        "            await transport.wait_for_bytes()\n",
        "",
        ("tests/hub/sockets/test_listener.py",),
    ),
    Fault(
        "the log has a line for each connection that is refused",
        "hub/sockets/refusals.py",
        "            await trio.sleep(TELL_SECONDS)\n",
        "",
        ("tests/hub/sockets/test_refusals.py",),
    ),
    Fault(
        "refused connections that were told are told again",
        "hub/sockets/refusals.py",
        "            self._reasons.clear()\n",
        "",
        ("tests/hub/sockets/test_refusals.py",),
    ),
    Fault(
        "what came over HTTP is handled at once",
        "hub/http/server.py",
        "receive_some())\n            await self._turn(patience)\n",
        "receive_some())\n",
        ("tests/hub/http/test_turns.py",),
    ),
    Fault(
        "requests that came together are handled at once",
        "hub/http/server.py",
        "            if may_idle:\n                await self._turn(patience)",
        "            if not may_idle:\n                await self._turn(patience)",
        ("tests/hub/http/test_turns.py",),
    ),
    Fault(
        "who had to wait for the loop is late",
        "hub/http/server.py",
        "        patience.deadline = inf\n",
        "",
        (HTTP,),
    ),
    Fault(
        "a body that had to wait for the loop is late",
        "hub/http/body.py",
        "            self._deadline += patience.deadline - deadline\n",
        "",
        (HTTP,),
    ),
    Fault(
        "a turn of the loop is for all that came over HTTP",
        "hub/http/visitors.py",
        "Turns(PIECES_IN_A_TURN, at_once=PIECES_IN_A_TURN)",
        "Turns(100, at_once=100)",
        ("tests/hub/http/test_turns.py",),
    ),
    Fault(
        "a turn of the loop is anybody's who comes first",
        "hub/limits/turns.py",
        "            await self._first.acquire()\n",
        "            self._first = trio.CapacityLimiter(1)\n"
        "            await self._first.acquire()\n",
        ("tests/hub/limits/test_turns.py",),
    ),
    Fault(
        "who wants much gets more places than others",
        "hub/limits/turns.py",
        "            async with first, turns.places:\n",
        "            async with turns.places:\n",
        ("tests/hub/limits/test_turns.py",),
    ),
    Fault(
        "whoever wants something is refused when others want much",
        "hub/limits/turns.py",
        " and first.borrowed_tokens\n",
        "\n",
        ("tests/hub/limits/test_turns.py",),
    ),
    Fault(
        "opening a connection costs as little as a frame",
        "hub/admission.py",
        "            await upgrade.visitor.meter.take(OPENING_COST)\n",
        "",
        ("tests/hub/test_admission.py",),
    ),
    Fault(
        "ten seconds' worth of an address's requests may come at once",
        "hub/assembly.py",
        "STRANGERS_BURST_SECONDS = 2 ",
        "STRANGERS_BURST_SECONDS = 10 ",
        ("tests/hub/test_admission.py",),
    ),
    Fault(
        "passwords wait for those that others want",
        "hub/rest/login.py",
        "passwords.verify(password_hash, password, call.owner)",
        "passwords.verify(password_hash, password)",
        ("tests/hub/rest/test_login.py",),
    ),
    Fault(
        "pictures are decoded as if nothing else were to be done",
        "hub/files/pictures.py",
        "                _step_back(process)\n",
        "",
        ("tests/hub/files/test_pictures.py",),
    ),
    Fault(
        "pictures wait for those of who sends many",
        "hub/rest/routes/uploads.py",
        "pictures.encode(content, kind, call.owner)",
        "pictures.encode(content, kind)",
        ("tests/hub/rest/routes/test_room_for_uploads.py",),
    ),
    Fault(
        "pictures are decoded that nobody waits for",
        "hub/rest/endpoint.py",
        "            nursery.start_soon(self._cancel_when_left, nursery.cancel_scope)\n",
        "",
        ("tests/hub/rest/test_login.py", "tests/hub/rest/routes/test_room_for_uploads.py"),
    ),
    Fault(
        "whoever has signed in waits behind the strangers of their network",
        "hub/http/visitors.py",
        "            meter.pace = self._paces.of(network)\n",
        "        meter.pace = self._paces.of(network)\n",
        ("tests/hub/http/test_visitors.py",),
    ),
    Fault(
        "everybody who reads a document slowly keeps a copy of it in memory",
        "hub/http/asgi.py",
        "        if len(body) <= COPIED_BYTES:\n",
        "        if len(parts) >= 1:\n",
        ("tests/hub/http/test_server.py",),
    ),
    Fault(
        "anybody reads the metrics",
        "hub/rest/app.py",
        "if token is not None and not hmac.compare_digest(given.encode(), token.encode()):",
        "if token is not None and not token:",
        ("tests/hub/test_metrics.py",),
    ),
    Fault(
        "a loop that is held is not noticed",
        "hub/metrics.py",
        "self._lag.add(trio.current_time() - due)",
        "self._lag.add(0.0)",
        ("tests/hub/test_metrics.py",),
    ),
    Fault(
        "what is refused is not counted",
        "hub/limits/quotas.py",
        "        if not is_allowed:\n            self._refusals[kind] += 1\n        elif",
        "        if is_allowed and",
        ("tests/hub/test_metrics.py",),
    ),
    Fault(
        "collections are not counted",
        "hub/garbage.py",
        "        collected(time.perf_counter() - began)\n",
        "",
        ("tests/hub/test_garbage.py",),
    ),
)

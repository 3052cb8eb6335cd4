"""Planted in the buses between nodes."""

from typing import Final

from tests.planted.fault import Fault

ARRIVALS = "persistence/bus/arrivals.py"
CONTACT = "persistence/bus/contact.py"
REDIS = "persistence/bus/redis.py"
SERVER = "persistence/bus/redis_server.py"
URL = "persistence/bus/redis_url.py"
POSTGRES = "persistence/postgres/bus/__init__.py"
PIECES = "persistence/postgres/bus/pieces.py"
CONTRACT = "tests/persistence/bus/test_bus.py"
REDIS_TESTS = "tests/persistence/bus/test_redis.py"
SERVER_TESTS = "tests/persistence/bus/test_redis_server.py"
POSTGRES_TESTS = "tests/persistence/postgres/bus/test_bus.py"
PIECES_TESTS = "tests/persistence/postgres/bus/test_pieces.py"

FAULTS: Final = (
    Fault(
        "pieces of two bulletins are mixed up",
        PIECES,
        "whole = self._put(name, ",
        'whole = self._put("", ',
        (PIECES_TESTS, POSTGRES_TESTS),
    ),
    Fault(
        "a bulletin is cut in the middle of a character",
        PIECES,
        "text[end] & _CONTINUATION == _CONTINUES",
        "text[end] == 0",
        (PIECES_TESTS, CONTRACT),
    ),
    Fault(
        "incomplete bulletins are kept for ever",
        PIECES,
        "        self.give_up_old(now)\n",
        "",
        (PIECES_TESTS,),
    ),
    Fault(
        "a completed bulletin still counts in the size of the incomplete ones",
        PIECES,
        "self._size -= self._unfinished.pop(name).size",
        "self._unfinished.pop(name)",
        (PIECES_TESTS,),
    ),
    Fault(
        "readers do not learn that an incomplete bulletin was dropped",
        POSTGRES,
        "        if self._assembly.lost > lost:\n            self.arrivals.begin_anew()\n",
        "",
        (POSTGRES_TESTS,),
    ),
    Fault(
        "readers do not learn of a gap in listening to NOTIFY",
        POSTGRES,
        "        self.arrivals.begin_anew()\n        self.begun.set()\n",
        "        if not self.begun.is_set():\n            self.arrivals.begin_anew()\n"
        "        self.begun.set()\n",
        (POSTGRES_TESTS, CONTRACT),
    ),
    Fault(
        "a connection that gets no notifications is kept",
        POSTGRES,
        "if trio.current_time() >= self._heard_at + SILENCE_SECONDS:",
        "if trio.current_time() < 0:",
        (POSTGRES_TESTS,),
    ),
    Fault(
        "a malformed notification from another session ends the listener",
        POSTGRES,
        "            except ValueError:\n",
        "            except KeyError:\n",
        (POSTGRES_TESTS,),
    ),
    Fault(
        "cells that share a database receive each other's bulletins",
        POSTGRES,
        'f"parlour_bus_{require_cell(cell)}"',
        'f"parlour_bus_{len(require_cell(cell)) // 9}"',
        (CONTRACT,),
    ),
    Fault(
        "the wrong session is reported as the one that fills the queue of NOTIFY",
        POSTGRES,
        "     ORDER BY a.xact_start LIMIT 1",
        "     ORDER BY a.xact_start DESC LIMIT 1",
        (POSTGRES_TESTS,),
    ),
    Fault(
        "a full queue of NOTIFY is logged again and again",
        POSTGRES,
        "if (usage > MAX_QUEUE_USAGE) == self._grows:",
        "if usage <= MAX_QUEUE_USAGE and not self._grows:",
        (POSTGRES_TESTS,),
    ),
    Fault(
        "readers do not learn of a gap in reading a stream",
        REDIS,
        "        self.arrivals.begin_anew()\n        self.begun.set()\n",
        "        if not self.begun.is_set():\n            self.arrivals.begin_anew()\n"
        "        self.begun.set()\n",
        (CONTRACT, REDIS_TESTS),
    ),
    Fault(
        "readers do not learn that a stream was trimmed or emptied",
        REDIS,
        "                self.arrivals.begin_anew()\n            for identifier",
        "                pass\n            for identifier",
        (REDIS_TESTS,),
    ),
    Fault(
        "a gap is reported before the position to read on from is known",
        REDIS,
        " and not entries:\n",
        " and not entries:\n                self.arrivals.begin_anew()\n",
        (REDIS_TESTS,),
    ),
    Fault(
        "a reader loses its position in the stream when it reconnects",
        REDIS,
        "if self._position is None or _number(last) < _number(self._position):",
        "if _number(last) >= (0, 0):",
        (REDIS_TESTS,),
    ),
    Fault(
        "a stream that restarts at lower ids is not read",
        REDIS,
        "if self._position is None or _number(last) < _number(self._position):",
        "if self._position is None:",
        (REDIS_TESTS,),
    ),
    Fault(
        "a stream grows without a limit",
        REDIS,
        "self._stream, *_LIMIT, ",
        "self._stream, ",
        (REDIS_TESTS,),
    ),
    Fault(
        "the stream is read faster than its bulletins are consumed",
        REDIS,
        "            await self.arrivals.until_read()\n",
        "",
        (REDIS_TESTS,),
    ),
    Fault(
        "a primary that the Sentinels have replaced is kept",
        SERVER,
        "if location != connection.location:",
        "if location is None:",
        (REDIS_TESTS,),
    ),
    Fault(
        "a server named by the Sentinels is used although it is no primary",
        SERVER,
        'if role[0] != b"master":',
        "if not role:",
        (SERVER_TESTS,),
    ),
    Fault(
        "an error of a server that repeats the password is logged unredacted",
        URL,
        'return text.replace(self.password, "***") if self.password else text',
        "return text",
        (SERVER_TESTS,),
    ),
    Fault(
        "a response that is not in Redis's protocol ends the hub",
        SERVER,
        "except Exception as error:",
        "except RedisError as error:",
        (SERVER_TESTS,),
    ),
    Fault(
        "a Redis of an unsupported old version is used",
        SERVER,
        "< MIN_VERSION:",
        "< 1:",
        (SERVER_TESTS,),
    ),
    Fault(
        "each failed attempt to reach a bus is logged",
        CONTACT,
        "if reason != self.reason:",
        "if reason:",
        (REDIS_TESTS, "tests/persistence/bus/test_contact.py"),
    ),
    Fault(
        "readers do not learn that bulletins were dropped for lack of room",
        ARRIVALS,
        "            self._bytes = 0\n            self.begin_anew()\n",
        "            self._bytes = 0\n",
        ("tests/persistence/bus/test_arrivals.py",),
    ),
)

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
        "a bulletin is cut within a character",
        PIECES,
        "text[end] & _CONTINUATION == _CONTINUES",
        "text[end] == 0",
        (PIECES_TESTS, CONTRACT),
    ),
    Fault(
        "unfinished bulletins are kept for ever",
        PIECES,
        "        self.give_up_old(now)\n",
        "",
        (PIECES_TESTS,),
    ),
    Fault(
        "what a finished bulletin took counts for ever",
        PIECES,
        "self._size -= self._unfinished.pop(name).size",
        "self._unfinished.pop(name)",
        (PIECES_TESTS,),
    ),
    Fault(
        "a bulletin that was given up is not told",
        POSTGRES,
        "        if self._assembly.lost > lost:\n            self.arrivals.begin_anew()\n",
        "",
        (POSTGRES_TESTS,),
    ),
    Fault(
        "nobody is told that NOTIFY was not listened to for a while",
        POSTGRES,
        "        self.arrivals.begin_anew()\n        self.begun.set()\n",
        "        if not self.begun.is_set():\n            self.arrivals.begin_anew()\n"
        "        self.begun.set()\n",
        (POSTGRES_TESTS, CONTRACT),
    ),
    Fault(
        "a connection that hears nothing of NOTIFY is kept",
        POSTGRES,
        "if trio.current_time() >= self._heard_at + SILENCE_SECONDS:",
        "if trio.current_time() < 0:",
        (POSTGRES_TESTS,),
    ),
    Fault(
        "what somebody else notifies ends listening",
        POSTGRES,
        "            except ValueError:\n",
        "            except KeyError:\n",
        (POSTGRES_TESTS,),
    ),
    Fault(
        "cells of one database hear each other",
        POSTGRES,
        'f"parlour_bus_{require_cell(cell)}"',
        'f"parlour_bus_{len(require_cell(cell)) // 9}"',
        (CONTRACT,),
    ),
    Fault(
        "the session that fills the queue of NOTIFY is any other",
        POSTGRES,
        "     ORDER BY a.xact_start LIMIT 1",
        "     ORDER BY a.xact_start DESC LIMIT 1",
        (POSTGRES_TESTS,),
    ),
    Fault(
        "a full queue of NOTIFY is said again and again",
        POSTGRES,
        "if (usage > MAX_QUEUE_USAGE) == self._grows:",
        "if usage <= MAX_QUEUE_USAGE and not self._grows:",
        (POSTGRES_TESTS,),
    ),
    Fault(
        "nobody is told that a stream was not read for a while",
        REDIS,
        "        self.arrivals.begin_anew()\n        self.begun.set()\n",
        "        if not self.begun.is_set():\n            self.arrivals.begin_anew()\n"
        "        self.begun.set()\n",
        (CONTRACT, REDIS_TESTS),
    ),
    Fault(
        "a stream that was trimmed or emptied is not noticed",
        REDIS,
        "                self.arrivals.begin_anew()\n            for identifier",
        "                pass\n            for identifier",
        (REDIS_TESTS,),
    ),
    Fault(
        "a reader of a stream is told before it is known where it goes on",
        REDIS,
        " and not entries:\n",
        " and not entries:\n                self.arrivals.begin_anew()\n",
        (REDIS_TESTS,),
    ),
    Fault(
        "the position in a stream is lost with the connection",
        REDIS,
        "if self._position is None or _number(last) < _number(self._position):",
        "if _number(last) >= (0, 0):",
        (REDIS_TESTS,),
    ),
    Fault(
        "a stream that begins anew in the past is not heard",
        REDIS,
        "if self._position is None or _number(last) < _number(self._position):",
        "if self._position is None:",
        (REDIS_TESTS,),
    ),
    Fault(
        "a stream grows without end",
        REDIS,
        "self._stream, *_LIMIT, ",
        "self._stream, ",
        (REDIS_TESTS,),
    ),
    Fault(
        "a reader of a stream does not wait to be read",
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
        "a server that the Sentinels name need not be a primary",
        SERVER,
        'if role[0] != b"master":',
        "if not role:",
        (SERVER_TESTS,),
    ),
    Fault(
        "a server that repeats a password is quoted",
        URL,
        'return text.replace(self.password, "***") if self.password else text',
        "return text",
        (SERVER_TESTS,),
    ),
    Fault(
        "what is no answer of a Redis ends the hub",
        SERVER,
        "except Exception as error:",
        "except RedisError as error:",
        (SERVER_TESTS,),
    ),
    Fault(
        "a Redis that is too old is used",
        SERVER,
        "< MIN_VERSION:",
        "< 1:",
        (SERVER_TESTS,),
    ),
    Fault(
        "the log has a line for each attempt to reach a bus",
        CONTACT,
        "if reason != self.reason:",
        "if reason:",
        (REDIS_TESTS, "tests/persistence/bus/test_contact.py"),
    ),
    Fault(
        "what a reader has no room for is dropped in silence",
        ARRIVALS,
        "            self._bytes = 0\n            self.begin_anew()\n",
        "            self._bytes = 0\n",
        ("tests/persistence/bus/test_arrivals.py",),
    ),
)

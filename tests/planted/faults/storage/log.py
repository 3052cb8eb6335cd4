"""Faults in what follows when the log goes back, and in that one hub serves a database."""

from typing import Final

from tests.planted.fault import Fault

WATCH: Final = ("tests/hub/services/posting/test_log_watch.py",)
RESUME: Final = ("tests/hub/services/test_resume.py",)
LOG: Final = ("tests/persistence/postgres/database/test_log.py",)
HOLD: Final = ("tests/persistence/postgres/database/test_hold.py",)
APP: Final = ("tests/hub/test_app.py",)
RECOVERY: Final = ("tests/hub/socketio/test_recovery.py",)
UNITS: Final = ("tests/hub/web/test_sdk_units.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a message that is stored where another was delivered is taken for a gap",
        "hub/services/posting/continuity.py",
        "            raise WentBack(channel_id, last, seq)\n",
        "            return False\n",
        WATCH,
    ),
    Fault(
        "a log that went back is noticed in channels that are not in doubt",
        "hub/services/posting/continuity.py",
        "if message.id <= self._floor if last is None else seq <= last:",
        "if channel_id not in self._doubtful and last is not None and seq <= last:",
        WATCH,
    ),
    Fault(
        "a lane remembers what it delivered of another log",
        "hub/services/posting/continuity.py",
        "        self._last.clear()\n        self._doubtful.clear()\n",
        "        self._doubtful.clear()\n",
        WATCH,
    ),
    Fault(
        "a log is forgotten while a message is being stored",
        "hub/services/posting/log_watch.py",
        "            while self._busy:\n",
        "            while False:\n",
        WATCH,
    ),
    Fault(
        "messages are stored in a log of which nothing is known yet",
        "hub/services/posting/log_watch.py",
        "        self.require_certainty()\n        self._busy += 1\n",
        "        self._busy += 1\n",
        WATCH,
    ),
    Fault(
        "connections go on when the log went back",
        "hub/services/posting/log_watch.py",
        "        await self._hub.send_back(None, START_OVER)\n",
        "",
        WATCH,
    ),
    Fault(
        "a log that went back keeps its epoch",
        "hub/services/posting/log_watch.py",
        "(self._log.epoch() if seen is None else self._log.new_epoch(seen))",
        "self._log.epoch()",
        WATCH,
    ),
    Fault(
        "nobody looks whether it is another log",
        "hub/assembly.py",
        "        nursery.start_soon(log_watch.run)\n",
        "",
        WATCH,
    ),
    Fault(
        "readiness says nothing of a log that nobody can start over with",
        "hub/rest/routes/health.py",
        "            call.services.log_watch.require_certainty()\n",
        "",
        WATCH,
    ),
    Fault(
        "positions of another log are believed",
        "hub/services/resume.py",
        "return epoch is not None and epoch != self._watch.epoch",
        "return False",
        (*WATCH, *RESUME),
    ),
    Fault(
        "a resume does not say that it left conversations out",
        "hub/services/resume.py",
        "now = datetime.now(UTC)\n"
        "            is_complete = is_whole and _is_complete(sent, upto)\n",
        "now = datetime.now(UTC)\n            is_complete = _is_complete(sent, upto)\n",
        RESUME,
    ),
    Fault(
        "a resume of the named conversations brings the others too",
        "persistence/postgres/lists/channels.py",
        "             WHERE known.seq IS NOT NULL OR NOT $4\n",
        "             WHERE known.seq IS NOT NULL OR NOT $4 OR true\n",
        RESUME,
    ),
    Fault(
        "a resume brings any number of messages",
        "hub/services/resume.py",
        "left -= sum(span.until - span.after for span in found[-1].spans)",
        "left -= 0",
        RESUME,
    ),
    Fault(
        "a position above the end of a conversation is believed",
        "hub/services/resume.py",
        "if position(each.channel) > each.last_seq",
        "if False",
        (*WATCH, *RESUME),
    ),
    Fault(
        "a position above the end of a channel is believed",
        "hub/services/resume.py",
        "    return [head for head in heads if after.get(head.channel.id, 0) > head.last_seq]",
        "    return []",
        RESUME,
    ),
    Fault(
        "a head below what was delivered is no reason to doubt",
        "hub/services/resume.py",
        "            if found < delivered[channel_id]:\n",
        "            if False:\n",
        WATCH,
    ),
    Fault(
        "a client resets everybody with a position that it invents",
        "hub/services/resume.py",
        "        if not delivered:\n            return\n",
        "        delivered = {head.channel.id: head.last_seq + 1 for head in above}\n",
        WATCH,
    ),
    Fault(
        "a Socket.IO connection of another log is recovered",
        "hub/socketio/recovery.py",
        " or recovery_id.epoch != self._epoch():",
        ":",
        RECOVERY,
    ),
    Fault(
        "a Socket.IO connection is recovered from above the end of a channel",
        "hub/services/resume.py",
        "all(0 <= head.last_seq",
        "all(head.last_seq",
        RECOVERY,
    ),
    Fault(
        "a Socket.IO connection that starts over is recovered from where it was before",
        "hub/socketio/journal.py",
        "{} if after is None or is_above(heads, after) else after",
        "after or {}",
        RECOVERY,
    ),
    Fault(
        "REST does not say which log it is",
        "hub/rest/app.py",
        "            response.headers[EPOCH] = self.services.log_watch.epoch\n",
        "",
        ("tests/hub/rest/test_app.py",),
    ),
    Fault(
        "messages are stored in a log that the hub does not know",
        "persistence/postgres/database/log.py",
        "        if found != self._epoch:\n",
        "        if False:\n",
        LOG,
    ),
    Fault(
        "what is restored from a dump is the log that it was before",
        "persistence/postgres/routines/epoch.sql",
        "parts, d.oid, e.xmin, e.value",
        "parts, d.oid, e.value",
        LOG,
    ),
    Fault(
        "a copy of a database is the same log",
        "persistence/postgres/routines/epoch.sql",
        "parts, d.oid, e.xmin, e.value",
        "parts, e.xmin, e.value",
        LOG,
    ),
    Fault(
        "another timeline is the same log",
        "persistence/postgres/routines/epoch.sql",
        "left(pg_walfile_name(pg_current_wal_lsn()), 8)",
        "''",
        ("tests/hub/test_failover.py",),
    ),
    Fault(
        "two who see one log go back make two of it",
        "persistence/postgres/routines/epoch.sql",
        "IF seen IS NULL OR seen = log_epoch() THEN",
        "IF true THEN",
        ("tests/persistence/test_health.py",),
    ),
    Fault(
        "a second hub is let in",
        "persistence/postgres/database/hold.py",
        "            if trio.current_time() >= deadline:\n"
        '                raise AlreadyServed(f"Another hub ({holder}) serves this database")\n',
        "            if trio.current_time() >= deadline:\n                return\n",
        (*HOLD, *APP),
    ),
    Fault(
        "a hub migrates the database of another one",
        "persistence/__init__.py",
        "        _open_server(database_url, data_dir) as admin,\n",
        "        open_database(database_url, data_dir) as admin,\n",
        APP,
    ),
    Fault(
        "a hub goes on to store when another one has begun",
        "persistence/postgres/routines/posting.sql",
        "        IF for_hub IS NOT NULL AND serving_hub IS DISTINCT FROM for_hub THEN",
        "        IF false THEN",
        HOLD,
    ),
    Fault(
        "another hub begins before what is being stored is committed",
        "persistence/postgres/routines/posting.sql",
        "        PERFORM pg_advisory_xact_lock_shared(posting_lock());\n",
        "        NULL;\n",
        HOLD,
    ),
    Fault(
        "a hub that has lost its hold says that it is well",
        "persistence/postgres/__init__.py",
        "            self._hold.hub  # noqa: B018  raises\n",
        "            pass\n",
        HOLD,
    ),
    Fault(
        "a hub does not know that another one has served meanwhile",
        "persistence/postgres/database/hold.py",
        "            self.others += 1\n",
        "",
        HOLD,
    ),
    Fault(
        "a hold that was lost is not taken again",
        "persistence/postgres/database/hold.py",
        "                await self._take_again(str(error))\n",
        "                self._hub = None\n",
        HOLD,
    ),
    Fault(
        "the SDK keeps its messages of another log",
        "hub/web/sdk/session.js",
        "    if (this.#epoch !== null && this.#epoch !== epoch) this.#startOver();\n",
        "",
        UNITS,
    ),
    Fault(
        "the SDK does not start over when it is told to",
        "hub/web/sdk/session.js",
        "    if (isReset && !this.#isFresh) {",
        "    if (false) {",
        UNITS,
    ),
    Fault(
        "the SDK forgets what is unsent when the log went back",
        "hub/web/sdk/messages/timeline.js",
        "  forget() {\n",
        "  forget() {\n    this.#pending.clear();\n",
        UNITS,
    ),
    Fault(
        "the SDK does not name the log that its positions are of",
        "hub/web/sdk/dialects/private_messages.js",
        "    ...(epoch === null ? {} : { epoch }),\n",
        "",
        UNITS,
    ),
)

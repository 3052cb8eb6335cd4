"""Faults of Engine.IO and Socket.IO: sessions, who is let in, recovery."""

from typing import Final

from tests.planted.fault import Fault

ENGINEIO: Final = "tests/hub/engineio/test_server.py"
BINDING: Final = "tests/hub/engineio/test_binding.py"
APPLICATION: Final = "tests/hub/socketio/test_application.py"
RECOVERY: Final = "tests/hub/socketio/test_recovery.py"
JOURNAL: Final = "tests/hub/socketio/test_journal.py"
SHORTENING: Final = "tests/hub/socketio/test_shortening.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a token that cannot be looked up is refused for good",
        "hub/socketio/application.py",
        "return self._dialect.acknowledgement(event, away, user)",
        "return {'success': False, 'error': _UNAUTHORIZED}",
        (APPLICATION,),
    ),
    Fault(
        "an Engine.IO session accepts requests of another origin",
        "hub/engineio/server.py",
        """        if not connection.binding.admits(head):
            raise _Refused(Fault.FORBIDDEN)
""",
        "",
        (BINDING,),
    ),
    Fault(
        "a request without an origin can carry the session of a page that named one",
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
        "two polling requests of a session wait at the same time",
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
        "a connection that breaks while it resumes is recovered from its earlier positions",
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
        "a session that joins no namespace stays open",
        "hub/socketio/server.py",
        "            if waiting.cancelled_caught:\n                return False\n",
        "            if waiting.cancelled_caught:\n                return True\n",
        ("tests/hub/socketio/test_server.py",),
    ),
    Fault(
        "the time to recover a connection begins long before its end",
        "hub/socketio/application.py",
        "                    await self._ended.put(member.slip)\n",
        "                    pass\n",
        (RECOVERY,),
    ),
    Fault(
        "ends of connections are not stored any more after an outage",
        "hub/socketio/application.py",
        "        with suppress(StoreUnavailable):\n            await self._recoveries.touch",
        "        await self._recoveries.touch",
        (RECOVERY,),
    ),
    Fault(
        "each packet that joins no namespace extends the time to join one",
        "hub/socketio/server.py",
        "            patience -= trio.current_time() - began\n",
        "",
        ("tests/hub/socketio/test_server.py",),
    ),
    Fault(
        "a client is refused if the hub takes long to admit it",
        "hub/socketio/server.py",
        "            await self._take(message)\n        return True",
        "            with trio.move_on_after(patience):\n"
        "                await self._take(message)\n        return bool(self.sockets)",
        ("tests/hub/socketio/test_server.py",),
    ),
    Fault(
        "a client can claim to be another user",
        "hub/socketio/application.py",
        """        if claimed is not None and _user_id(claimed) != session.user.id:
            raise ConnectRefused(_UNAUTHORIZED)
""",
        "",
        (APPLICATION, "tests/e2e/test_socketio_messages.py"),
    ),
    Fault(
        "a connection stays open when its token has expired",
        "hub/socketio/application.py",
        "        self._services.live_sessions.note(session)\n        self._members",
        "        self._members",
        (APPLICATION, "tests/hub/identity/test_authentication.py"),
    ),
    Fault(
        "another user's token prolongs a connection",
        "hub/socketio/application.py",
        "if isinstance(session, Session) and session.user.id == user.id:",
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
        "a client gets a new offset before the message that it stands for",
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
        "messages count as received although the Socket.IO client has not answered a ping",
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
        "the pong to an earlier ping counts as the pong to a later one",
        "hub/engineio/connection.py",
        "            answered, self._answered = self._answered, trio.Event()\n",
        "            answered = self._answered\n",
        (ENGINEIO, SHORTENING),
    ),
    Fault(
        "a Socket.IO client that confirms nothing is sent an ever longer offset",
        "hub/socketio/link.py",
        "        if len(self.offset) > MAX_LISTED:\n",
        "        if not self.offset:\n",
        (SHORTENING,),
    ),
    Fault(
        "a replay does not wait until the offset has been shortened",
        "hub/socketio/link.py",
        "self.socket.is_behind or self._shortened is not None",
        "self.socket.is_behind",
        (SHORTENING,),
    ),
    Fault(
        "the positions of a recovered connection are not stored when its recovery begins",
        "hub/socketio/takeovers.py",
        "        await self._recoveries.save(slip)  # what",
        "        pass  # what",
        (SHORTENING,),
    ),
    Fault(
        "a channel's new position counts as received with the pong to an earlier ping",
        "hub/socketio/offset.py",
        "            self._asked.pop(channel_id, None)\n\n    def received",
        "            self._seqs.get(channel_id)\n\n    def received",
        ("tests/hub/socketio/test_offset.py",),
    ),
    Fault(
        "a recovered client gets messages again that it has received",
        "hub/socketio/recovery.py",
        "channel_id: reached.or_further(received.positions.get(channel_id, Reached()))",
        "channel_id: reached",
        (RECOVERY,),
    ),
)

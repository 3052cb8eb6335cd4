"""A dialect of events on the hub: admits clients, recovers connections.

Guarantees: a client's user is the subject of its token, whatever the client claims, and the client
is closed when the session of the token ends; it receives what it missed before anything new; every
event that waits for an acknowledgement gets one. Must not know: packets, transports, what an event
leads to.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import structlog
import trio

from hub.actor.client import Client
from hub.actor.letters import Rebind, Register, Unregister
from hub.assembly import Services
from hub.batching import Batcher
from hub.limits.quotas import RETRY_CONNECTING, Kind, Place
from hub.limits.windows import KeyedWindow, SlidingWindow
from hub.services.asker import NO_JOURNAL, Asker, ChannelScope, Journal
from hub.settings.log_ids import know_user
from hub.socketio.journal import RecoveryJournal
from hub.socketio.link import EventWire, SocketLink
from hub.socketio.member import Member
from hub.socketio.recovery import RecoveryDesk, RecoverySlip
from hub.socketio.replies import EventReplies
from hub.socketio.server import Acknowledge, ConnectRefused
from hub.socketio.shortening import Shortener
from hub.socketio.socket import Socket
from hub.socketio.takeovers import Takeovers
from persistence.records import NoSuchUser, StoreUnavailable
from protocol.bounds import newest_that_fit
from protocol.dialect import CodecLimits, EventDialect
from protocol.errors import TOO_MANY_CONNECTIONS, TOO_OFTEN, TRY_AGAIN, ErrorCode
from protocol.events import Connected, Refused
from protocol.model import Message, Session, UserId, with_authors
from protocol.shapes.uuids import IdKind, from_uuid
from protocol.socketio.packets import Data

log = structlog.get_logger(__name__)

OFFLINE_MESSAGES: Final = 500
TOUCH_SECONDS: Final = 60.0
_UNAUTHORIZED: Final = "Unauthorized"


class EventApplication:
    """Implements `hub.socketio.server.Application`.

    Args:
        dialect: its events.
        services: carry out its commands.
    """

    def __init__(self, dialect: EventDialect, services: Services) -> None:
        self._dialect = dialect
        self._services = services
        self._wire = EventWire(dialect)
        self._recoveries = RecoveryDesk(
            services.store.recoveries,
            lambda: services.log_watch.epoch,
            window=services.config.recovery_window,
        )
        self._shortener = Shortener(self._recoveries)
        limits = CodecLimits(services.config.max_content_chars)
        self._replies = EventReplies(dialect, services.commands, limits, services.tracing)
        self._messages = SlidingWindow(services.config.event_messages, dialect.message_window)
        self._members: dict[Socket, Member] = {}
        self._ended = Batcher(self._touch_ended)
        self._takeovers = Takeovers(self._recoveries, services.announcer.elsewhere)
        services.from_elsewhere.take_overs.append(self._takeovers.taken)

    async def run(self) -> None:
        """Look after the connections until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._shortener.run)
            nursery.start_soon(self._touch)
            nursery.start_soon(self._ended.serve)

    async def _touch(self) -> None:
        """Note in the store which connections are alive; an outage only postpones it."""
        while True:
            await trio.sleep(TOUCH_SECONDS)
            slips = [member.slip for member in self._members.values() if member.slip is not None]
            try:
                await self._recoveries.touch(slips)
                await self._recoveries.purge()
            except StoreUnavailable as error:
                log.warning("recoveries_not_touched", reason=str(error))

    async def _touch_ended(self, slips: Sequence[RecoverySlip]) -> None:
        """Begin the time in which they can be recovered; an outage shortens it."""
        with suppress(StoreUnavailable):
            await self._recoveries.touch(slips)

    async def connect(self, socket: Socket, auth: Mapping[str, Data]) -> Mapping[str, Data]:
        """See `Application`. A client that may not connect is refused as `Unauthorized`. If its
        token cannot be looked up now, its Engine.IO session ends, so that it comes back.
        """
        token = auth.get("token")
        if not isinstance(token, str) or not token:
            header = socket.opening.head.header(b"authorization") or b""
            token = header.decode("latin-1")
        try:
            session = await self._services.authenticator.find_by_token(token)
        except StoreUnavailable as error:
            log.warning("socket_refused", reason=str(error))
            socket.disconnect(TRY_AGAIN)  # stock clients that are refused do not come back
            raise ConnectRefused(_UNAUTHORIZED) from None
        claimed = auth.get("userId")
        if not isinstance(session, Session):
            raise ConnectRefused(_UNAUTHORIZED)
        if claimed is not None and _user_id(claimed) != session.user.id:
            raise ConnectRefused(_UNAUTHORIZED)
        quota, now = self._services.quotas.of(session.user.id), trio.current_time()
        socket.belongs_to(quota.pace, session.user.id)
        know_user(session.user.id)
        if not quota.take(Kind.RECOVERIES, now):
            raise _rate_limited(TOO_OFTEN, quota.retry_after(Kind.RECOVERIES, now))
        place = quota.connect()
        if place is None:
            raise _rate_limited(TOO_MANY_CONNECTIONS, RETRY_CONNECTING)
        try:
            return await self._admit(socket, auth, session, place)
        except BaseException:
            place.release()
            raise

    async def _admit(
        self, socket: Socket, auth: Mapping[str, Data], session: Session, place: Place
    ) -> Mapping[str, Data]:
        """Make a member of a user's socket."""
        self._services.renewals.note(session)
        slip = await self._recoverable(session.user.id, auth)
        recovered = None if slip is None else dict(slip.entered)
        if slip is None:
            slip = await self._recoveries.open(session.user.id)
        shed = self._services.hub.figures.shed
        link = SocketLink(socket, self._wire, is_recoverable=slip is not None, shed=shed)
        asker = self._asker(link, session, slip)
        self._services.live_sessions.note(session)
        self._members[socket] = member = Member(asker, link, slip, recovered, place)
        if slip is not None:
            self._takeovers.begun(member.client, slip)
        return {} if slip is None else {"sid": slip.id.socket_id, "pid": slip.id.pid}

    def _asker(self, link: SocketLink, session: Session, slip: RecoverySlip | None) -> Asker:
        services, user = self._services, session.user
        quota = services.quotas.of(user.id)
        client = Client(
            user,
            session.id,
            self._wire,
            link,
            quota,
            link.socket.opening.network,
            typing_seconds=self._dialect.typing_seconds,
        )
        journal: Journal = NO_JOURNAL
        if slip is not None:
            link.offset.notes, link.offset.offline = slip.notes, slip.offline
            self._shortener.watch(link, slip, quota)
            store = services.store
            journal = RecoveryJournal(slip, link, self._recoveries, store.channels, store.lists)
        return Asker(
            user,
            quota,
            ChannelScope.VISIBLE,
            self._dialect.name,
            client,
            KeyedWindow(self._messages, user.id),
            journal,
            besides=None if services.config.echo_new_to_sender else client,
            confirm=client,
        )

    async def _recoverable(self, user_id: UserId, auth: Mapping[str, Data]) -> RecoverySlip | None:
        """The connection that a client wants to recover; None if that would not be complete."""
        pid, offset = auth.get("pid"), auth.get("offset", "")
        if not isinstance(pid, str) or not isinstance(offset, str):
            return None
        try:
            slip = await self._recoveries.find(user_id, pid, offset)
            if slip is None or not await self._services.resume.can_recover(user_id, slip.entered):
                return None
            await self._takeovers.take(slip)
        except (StoreUnavailable, NoSuchUser) as error:
            log.warning("recovery_not_found", reason=str(error))
            return None
        return slip

    async def connected(self, socket: Socket) -> None:
        """See `Application`. What was missed is delivered before anything new."""
        member = self._members[socket]
        client = member.client
        client.backlog.hold()
        log.debug("client_connected", dialect=self._dialect.name)
        greeting = Connected(client.user, datetime.now(UTC), self._services.log_watch.epoch)
        await self._services.hub.post(Register(client, greeting))
        try:
            await self._send_offline(member)
            if member.recovered is not None and member.slip is not None:
                await self._services.resume.recover(
                    client, member.recovered, notes=member.slip.notes
                )
        except StoreUnavailable as error:
            log.warning("missed_messages_not_told", reason=str(error))
            client.send(Refused.because(ErrorCode.LOOKUP_FAILED))
            if member.recovered is not None:
                client.close(TRY_AGAIN)
        finally:
            client.backlog.release()

    async def _send_offline(self, member: Member) -> None:
        """Send the messages that no device of the user has confirmed, as one event; to a client
        that recovers its connection, only those of private conversations that are new to it.

        See docs/dialects/channel_messages.md#server-frames.
        """
        user_id, slip = member.client.user.id, member.slip
        store = self._services.store
        messages = await store.lists.undelivered(user_id, limit=OFFLINE_MESSAGES)
        up_to = max((message.id for message in messages), default=0)
        if member.recovered is not None and slip is not None:
            messages = _begun(messages, slip)
        authors = {each.author_id for each in messages}
        people = await store.accounts.get_many(authors) if authors else {}
        found = list(with_authors(messages, people))
        shown = newest_that_fit([self._dialect.message(*each) for each in found])
        if shown:
            member.link.socket.emit(self._dialect.service_events.undelivered, shown)
            sent = found[len(found) - len(shown) :]
            member.client.backlog.skip([message.position for message, _ in sent])
        member.link.sent_offline(up_to, is_news=bool(shown))

    async def disconnected(self, socket: Socket) -> None:
        """See `Application`."""
        member = self._members.pop(socket, None)
        if member is not None:
            log.debug("client_disconnected", dialect=self._dialect.name)
            member.place.release()
            self._services.commands.gone(member.client)
            await self._services.hub.post(Unregister(member.client))
            if member.slip is not None:
                self._takeovers.ended(member.client, member.slip)
                with suppress(trio.BrokenResourceError):  # the hub stops
                    await self._ended.put(member.slip)

    async def event(
        self, socket: Socket, name: str, args: Sequence[Data], acknowledge: Acknowledge | None
    ) -> None:
        """See `Application`. A refusal is sent as an event and as the acknowledgement."""
        member = self._members.get(socket)
        if member is None:
            return

        def reply(answer: Mapping[str, Data]) -> None:
            if acknowledge is not None:
                acknowledge([answer])

        if name == self._dialect.service_events.refresh:
            reply(await self._refresh(member, args))
        else:
            await self._replies.take(member, name, args, reply)

    async def _refresh(self, member: Member, args: Sequence[Data]) -> Mapping[str, Data]:
        given = args[0] if args else None
        token = given.get("token") if isinstance(given, dict) else given
        user = member.client.user
        if isinstance(token, str):
            try:
                session = await self._services.authenticator.find_by_token(token)
            except StoreUnavailable:
                event = self._dialect.service_events.refresh
                away = Refused.because(ErrorCode.UNAVAILABLE)
                return self._dialect.acknowledgement(event, away, user)
            if isinstance(session, Session) and session.user.id == user.id:
                self._services.live_sessions.note(session)
                await self._services.hub.post(Rebind(member.client, session.id))
                return {"success": True}
        return {"success": False, "error": _UNAUTHORIZED}


def _begun(messages: Sequence[Message], slip: RecoverySlip) -> Sequence[Message]:
    """Those of private conversations that begin with them and are new to the client."""
    firsts = {
        each.channel_id
        for each in messages
        if each.recipient_id and each.seq == 1 and each.id > slip.offline
    }
    begun = firsts.difference(slip.known)
    return [each for each in messages if each.channel_id in begun]


def _rate_limited(text: str, seconds: int) -> ConnectRefused:
    return ConnectRefused(text, {"code": ErrorCode.RATE_LIMITED.value, "retryAfter": seconds})


def _user_id(text: Data) -> UserId | None:
    number = from_uuid(IdKind.USER, text)
    return None if number is None else UserId(number)

"""Cookies and tokens -> sessions. See docs/dialects/README.md#sessions.

Guarantees: identity comes from a live session alone; of our own sessions only a token's hash is
ever looked up; a foreign store is only read. Must not know: dialects, HTTP.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
import trio
from attrs import define, field

from hub.batching import GATHERING_TURNS, Batcher
from hub.identity.cookies import COOKIE as TOKEN_COOKIE
from hub.identity.cookies import COOKIES, new_token, token_hash
from hub.identity.foreign_logins import ForeignLogins, number_of
from hub.identity.jwt_tokens import Claims, InvalidToken, TokenVerifier
from hub.identity.session_cache import SessionCache
from persistence.interface import Accounts, Sessions
from persistence.records import StoreUnavailable
from persistence.sessions import due_in
from protocol.dialect import Stranger
from protocol.model import Session, SessionId, UserId
from protocol.parsing.express_session import COOKIE as SIGNED_COOKIE
from protocol.parsing.express_session import sign, unsign
from protocol.shapes.uuids import IdKind, from_uuid
from protocol.websocket.handshake import Cookies

log = structlog.get_logger(__name__)

SIGNING: Final = "connect.sid"
MAX_COOKIES: Final = 4  # of one name whose sessions are ended


@define(eq=False)
class _Lookup:
    """A wait for the session with this token, until `answered` is set."""

    token_hash: bytes
    session: Session | None = field(default=None, init=False)
    failure: StoreUnavailable | None = field(default=None, init=False)
    answered: trio.Event = field(factory=trio.Event, init=False)


class Authenticator:
    """Finds, opens and ends sessions.

    Args:
        sessions: our own.
        accounts: the users of foreign sessions.
        foreign: the sessions of an Express application on the same users; None: there is none.
        signing: secrets whose signatures on cookies are accepted; the first one signs new ones.
        tokens: checks the tokens of clients without cookies.
        cache: remembers sessions that were looked up.
    """

    def __init__(
        self,
        sessions: Sessions,
        accounts: Accounts,
        foreign: ForeignLogins | None,
        signing: Sequence[str],
        tokens: TokenVerifier,
        cache: SessionCache,
    ) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._accounts = accounts
        self._foreign = foreign
        self._signing = signing
        self._lookups: Batcher[_Lookup] = Batcher(self._look_up, turns=GATHERING_TURNS)
        self._cache = cache

    async def run(self) -> None:
        """Look up sessions until cancelled; those wanted during a statement share the next one."""
        await self._lookups.serve()

    async def find(self, cookie: str, cookies: Cookies, token: str = "") -> Session | Stranger:
        """The live session that a cookie names; several cookies of that name are not accepted.
        Without such a cookie, the session that a JSON Web Token stands for.

        Args:
            cookie: which cookie to look at.
            cookies: every cookie of the request.
            token: is used if there is no such cookie; empty: there is no token.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        values = cookies.get(cookie, ())
        if not values:
            return await self.find_by_token(token)
        if len(values) > 1:  # another host of the domain may have set one of them
            return Stranger.INVALID_SESSION
        named = self._token(cookie, values[0])
        if named is None:
            return Stranger.INVALID_SESSION
        own = await self._find_own(named)
        if own is not None:
            return own
        if cookie == SIGNED_COOKIE and self._foreign is not None:
            return await self._foreign.find(named)
        return Stranger.INVALID_SESSION

    async def find_by_token(self, token: str) -> Session | Stranger:
        """The session that a JSON Web Token stands for: the one that it was issued for, while that
        lives; for a token that was issued elsewhere, a session that is not stored.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        if not token:
            return Stranger.NO_SESSION
        try:
            claims = self._tokens.verify(token)
        except InvalidToken as error:
            log.debug("bearer_refused", reason=str(error))
            return Stranger.INVALID_SESSION
        number = from_uuid(IdKind.USER, claims.subject)
        session = await self._session_of(claims)
        if isinstance(session, Session) and session.user.id != number:
            return Stranger.INVALID_SESSION
        if session is not None:
            return session
        user = None if number is None else await self._accounts.get(UserId(number))
        if user is None or user.deleted_at or user.deactivated_at:
            return Stranger.UNKNOWN_USER
        due = due_in(claims.expires_at - datetime.now(UTC))  # issued by this clock, or one like it
        return Session(claims.session_id or number_of(token), user, claims.expires_at, due)

    async def _session_of(self, claims: Claims) -> Session | Stranger | None:
        """The session that a token was issued for; None: the hub does not know one, and the token
        is valid without it.
        """
        if claims.session_id is None:
            return None
        if claims.session_id > 0:
            return await self._sessions.get(claims.session_id) or Stranger.INVALID_SESSION
        if self._foreign is None or not self._foreign.knows(claims.session_id):
            return None
        return await self._foreign.find_again(claims.session_id)

    async def open(self, cookie: str, user_id: UserId, lifetime: timedelta) -> str:
        """A new session; returns the cookie's value.

        Raises:
            StoreUnavailable: it cannot be stored now.
        """
        token = secrets.token_urlsafe(24) if cookie == SIGNED_COOKIE else new_token()
        await self._sessions.open(user_id, token_hash(token), lifetime)
        return self.signed(token) if cookie == SIGNED_COOKIE else token

    def signed(self, token: str) -> str:
        """The value of `connect.sid` for the session whose other cookie has this token."""
        return sign(token, self._signing[0])

    async def values_of(self, session: Session, cookies: Cookies) -> Mapping[str, str]:
        """The cookies of a request that name this session, and their values.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        found: dict[str, str] = {}
        for cookie in COOKIES:
            if cookie in cookies:
                named = await self.find(cookie, cookies)
                if isinstance(named, Session) and named.id == session.id:
                    found[cookie] = cookies[cookie][0]
        return found

    async def close(self, cookie: str, cookies: Cookies) -> set[SessionId]:
        """End the sessions of the first `MAX_COOKIES` cookies of that name; returns those of ours.

        Raises:
            StoreUnavailable: it cannot be ended now.
        """
        closed: set[SessionId] = set()
        for value in cookies.get(cookie, ())[:MAX_COOKIES]:
            token = self._token(cookie, value)
            ended = None if token is None else await self._sessions.close(token_hash(token))
            if ended is not None:
                closed.add(ended)
        return closed

    def forget(self, user_id: UserId) -> None:
        """The user was changed: their sessions are looked up again."""
        self._cache.forget_user(user_id)

    def _token(self, cookie: str, value: str) -> str | None:
        if cookie == TOKEN_COOKIE:
            return value
        return unsign(value, self._signing)

    async def _find_own(self, token: str) -> Session | None:
        hashed = token_hash(token)
        known = self._cache.find(hashed)
        if known is not None:
            await trio.lowlevel.checkpoint()
            return known
        lookup = _Lookup(hashed)
        await self._lookups.put(lookup)
        await lookup.answered.wait()
        if lookup.failure is not None:
            raise StoreUnavailable(str(lookup.failure))
        return lookup.session

    async def _look_up(self, lookups: Sequence[_Lookup]) -> None:
        hashes = [each.token_hash for each in lookups]
        edition = self._cache.edition
        try:
            sessions = await self._sessions.find(hashes)
        except StoreUnavailable as error:
            for lookup in lookups:
                lookup.failure = error
        else:
            self._cache.keep(edition, hashes, sessions)
            for lookup, session in zip(lookups, sessions, strict=True):
                lookup.session = session
        for lookup in lookups:
            lookup.answered.set()


async def signing_secrets(configured: Sequence[str], sessions: Sessions) -> Sequence[str]:
    """The configured secrets, or one that was made at the first start and is kept in the store.

    Raises:
        StoreUnavailable: the store cannot be reached now.
    """
    return configured or (await sessions.secret(SIGNING, secrets.token_urlsafe(32)),)

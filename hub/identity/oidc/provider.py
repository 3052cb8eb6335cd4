"""An OpenID Connect provider: where it sends people to sign in, and whom it says they are.

Guarantees: what it says of itself and its keys are read over the scheme of its issuer alone, are
kept for an hour at most, and are read again for a key that is not known, once a minute at most; a
few requests wait for it at a time, each for `DEADLINE` seconds at most. Must not know: HTTP of our
own, accounts.
"""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import quote_plus, urlencode, urlsplit

import trio
from attrs import field, frozen

from hub.identity.jwt_tokens import InvalidToken
from hub.identity.oidc.attempt import Attempt
from hub.identity.oidc.fetching import OK, Fetching, NoAnswer
from hub.identity.oidc.id_token import Expected, claims_of, header_of, key_for

CALLBACK: Final = "/api/auth/provider/callback"
"""The path where people come back to, which the provider must know."""
DEADLINE: Final = 10.0
KEPT_SECONDS: Final = 3_600.0
KEYS_APART_SECONDS: Final = 60.0
MAX_WAITING: Final = 64
_CONCURRENT: Final = 8
_CLIENT_ERROR: Final = 400
_SERVER_ERROR: Final = 500
_BASIC: Final = "client_secret_basic"
_WELL_KNOWN: Final = "/.well-known/openid-configuration"


class Refused(Exception):
    """The provider does not take the code; the text is the reason, for the log."""


@frozen
class Client:
    """This hub, as the provider knows it.

    Args:
        issuer: the provider.
        client_id: what it calls this hub.
        secret: by which this hub shows that it is that; None: it has none.
        scopes: what is asked for, beside `openid`.
        redirect_uri: where people come back to.
    """

    issuer: str
    client_id: str
    secret: str | None = field(repr=False)
    scopes: Sequence[str]
    redirect_uri: str


@frozen
class _Document:
    """What a provider says of itself. `names_itself`: what comes back with people has `iss`."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    takes_basic: bool
    names_itself: bool


@frozen
class _Kept:
    """The keys of a JWKS document, and when it was read."""

    keys: Sequence[object]
    at: float


class Provider:
    """Asks it.

    Args:
        client: as what.
        fetching: how.
    """

    def __init__(self, client: Client, fetching: Fetching) -> None:
        self._client = client
        self._fetching = fetching
        self._places = trio.CapacityLimiter(_CONCURRENT)
        self._reading = trio.Lock()
        self._document: tuple[_Document, float] | None = None
        self._keys: _Kept | None = None
        self._keys_asked_at = float("-inf")

    @property
    def issuer(self) -> str:
        """Which one it is."""
        return self._client.issuer

    async def sign_in_url(self, attempt: Attempt) -> str:
        """Where a browser goes for a sign-in.

        Raises:
            NoAnswer: the provider says nothing of itself.
        """
        async with self._turn():
            document = await self._about()
        query = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "scope": " ".join(dict.fromkeys(("openid", *self._client.scopes))),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(document.authorization_endpoint).query else "?"
        return f"{document.authorization_endpoint}{joint}{urlencode(query)}"

    async def claims(self, code: str, issuer: str | None, attempt: Attempt) -> Mapping[str, object]:
        """What the provider says of who signed in.

        Args:
            code: that came back, which is used up by this.
            issuer: who the provider said it was when it sent that (RFC 9207).
            attempt: the sign-in.

        Raises:
            NoAnswer: it cannot be asked.
            Refused: it does not take the code.
            InvalidToken: what it says does not count.
        """
        async with self._turn():
            document = await self._about()
            if issuer != self.issuer and (issuer is not None or document.names_itself):
                raise InvalidToken("the code comes from another provider")
            token = await self._redeem(document, code, attempt)
            header = header_of(token)
            key = key_for(await self._known_keys(document), header)
            if key is None:
                key = key_for(await self._newer_keys(document), header)
            if key is None:
                raise InvalidToken("no key of the provider's fits")
            expected = Expected(self.issuer, self._client.client_id, attempt.nonce)
            return claims_of(token, key, expected)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._places.statistics().tasks_waiting >= MAX_WAITING:
            raise NoAnswer("too many wait for it")
        try:
            with trio.fail_after(DEADLINE):
                async with self._places:
                    yield
        except trio.TooSlowError:
            raise NoAnswer(f"no answer within {DEADLINE:g} s") from None

    async def _about(self) -> _Document:
        async with self._reading:
            now = trio.current_time()
            if self._document is None or now - self._document[1] >= KEPT_SECONDS:
                url = self.issuer.removesuffix("/") + _WELL_KNOWN
                self._document = (self._checked(await self._fetching.get(url)), now)
            return self._document[0]

    def _checked(self, said: Mapping[str, object]) -> _Document:
        if said.get("issuer") != self.issuer:
            raise NoAnswer(f"it says that its issuer is {said.get('issuer')!r}")
        methods = said.get("token_endpoint_auth_methods_supported", [_BASIC])
        return _Document(
            self._address(said, "authorization_endpoint"),
            self._address(said, "token_endpoint"),
            self._address(said, "jwks_uri"),
            takes_basic=isinstance(methods, list) and _BASIC in methods,
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        )

    def _address(self, said: Mapping[str, object], name: str) -> str:
        """An address in a document, which must be as safe as the document's own."""
        address = said.get(name)
        try:
            parts = urlsplit(address if isinstance(address, str) else "")
        except ValueError:
            raise NoAnswer(f"its {name} is no address") from None
        is_safe = parts.scheme == urlsplit(self.issuer).scheme and "@" not in parts.netloc
        if not is_safe or not parts.hostname or parts.fragment:
            raise NoAnswer(f"its {name} is not accepted")
        return parts.geturl()

    async def _redeem(self, document: _Document, code: str, attempt: Attempt) -> str:
        client = self._client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "client_id": client.client_id,
            "code_verifier": attempt.verifier,
        }
        headers: dict[str, str] = {}
        if client.secret is not None and document.takes_basic:
            pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif client.secret is not None:
            form["client_secret"] = client.secret
        answered = await self._fetching.post(document.token_endpoint, form, headers)
        token = answered.content.get("id_token")
        if answered.status == OK and isinstance(token, str):
            return token
        if _CLIENT_ERROR <= answered.status < _SERVER_ERROR and "error" in answered.content:
            raise Refused(f"{answered.status} {answered.content['error']!r:.80}")
        raise NoAnswer(f"the code was answered {answered.status}, without an ID token")

    async def _known_keys(self, document: _Document) -> Sequence[object]:
        async with self._reading:
            kept = self._keys
            if kept is None or trio.current_time() - kept.at >= KEPT_SECONDS:
                kept = await self._read_keys(document)
            return kept.keys

    async def _newer_keys(self, document: _Document) -> Sequence[object]:
        """The keys as they are now, or as they were a minute ago at the most."""
        async with self._reading:
            kept = self._keys
            is_time = trio.current_time() - self._keys_asked_at >= KEYS_APART_SECONDS
            if kept is None or is_time:
                kept = await self._read_keys(document)
            return kept.keys

    async def _read_keys(self, document: _Document) -> _Kept:
        self._keys_asked_at = trio.current_time()
        keys = (await self._fetching.get(document.jwks_uri)).get("keys")
        if not isinstance(keys, list):
            raise NoAnswer("its keys are no list")
        self._keys = _Kept(keys, self._keys_asked_at)
        return self._keys

"""An OpenID Connect provider: the address where a user signs in, and the claims about that user.

Guarantees: the provider's discovery document and keys are read over the scheme of its issuer alone
and kept for an hour at most; the keys are read again when one is unknown, once a minute at most; a
limited number of requests wait for the provider, each for `DEADLINE` seconds at most. Must not
know: the hub's own HTTP, accounts.
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
"""The path to which the provider sends the browser back; it must be registered there."""
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
    """The provider does not accept the code; the text is the reason, for the log."""


@frozen
class Client:
    """This hub, as the provider knows it.

    Args:
        issuer: the provider.
        client_id: this hub's id there.
        secret: authenticates this hub; None: it has none.
        scopes: those that are requested beside `openid`.
        redirect_uri: the address to which the provider sends the browser back.
    """

    issuer: str
    client_id: str
    secret: str | None = field(repr=False)
    scopes: Sequence[str]
    redirect_uri: str


@frozen
class _Document:
    """A provider's discovery document. `takes_basic`: it accepts HTTP Basic for `secret`.
    `names_itself`: the parameters with which it sends a browser back include `iss`.
    """

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
    """Sends requests to the provider, and checks the responses.

    Args:
        client: this hub, as the provider knows it.
        fetching: sends the requests.
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
        """The provider's `iss`."""
        return self._client.issuer

    async def sign_in_url(self, attempt: Attempt) -> str:
        """The address at which a browser signs in.

        Raises:
            NoAnswer: the discovery document cannot be read.
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
        """The provider's claims about the user who signed in.

        Args:
            code: the one that the browser brought; it is used up by this.
            issuer: the `iss` that the browser brought with it (RFC 9207).
            attempt: the sign-in.

        Raises:
            NoAnswer: the provider gives no usable response.
            Refused: the provider does not accept the code.
            InvalidToken: the code or the ID token is not valid for this provider and sign-in.
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
        """An address in a document, which must have the scheme of the issuer."""
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
        """The keys, read not longer than `KEYS_APART_SECONDS` ago."""
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

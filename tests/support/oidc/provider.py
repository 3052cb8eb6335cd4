"""An OpenID Connect provider over real sockets, which can misbehave.

It enforces the protocol: a code is used once, by the client that it was made for, with the verifier
that fits the challenge. A visitor is signed in at once, as `claims` say.
"""

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import h11
import jwt
import trio
from attrs import define, field, frozen
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.support.requests import serve_requests

CLIENT_ID: Final = "hub"
CLIENT_SECRET: Final = "a secret: with +, % and ä"
DISCOVERY: Final = "/.well-known/openid-configuration"
ANN: Final[Mapping[str, object]] = {
    "sub": "248289761001",
    "name": "Ann Lee",
    "given_name": "Ann",
    "family_name": "Lee",
    "preferred_username": "ann",
    "email": "ann@example.org",
    "email_verified": True,
}

Claims = dict[str, Any]


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key, made once for each number and size."""
    del number
    return rsa.generate_private_key(65_537, bits)


@cache
def elliptic_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, **more: object) -> Claims:
    """The public half, as a JWKS document shows it."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        shown: Claims = jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
    else:
        shown = jwt.algorithms.ECAlgorithm.to_jwk(public, as_dict=True)
    return {**shown, **more}


def signed(claims: Claims, key: Any = None, algorithm: str = "RS256", **header: object) -> str:
    """An ID token, by default of the provider's key."""
    content = json.dumps(claims).encode()  # any claims; jwt.encode would refuse some
    return jwt.PyJWS().encode(content, key or rsa_key(), algorithm, {"kid": "1", **header})


def unsigned(claims: Claims) -> str:
    """An ID token with `none` as its algorithm."""
    return ".".join(_base64(json.dumps(each).encode()) for each in ({"alg": "none"}, claims)) + "."


def signed_with_public_key(claims: Claims) -> str:
    """An ID token with HS256, whose secret is the public key."""
    pem = (
        rsa_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    parts = [json.dumps(each).encode() for each in ({"alg": "HS256", "kid": "1"}, claims)]
    content = ".".join(map(_base64, parts))
    return f"{content}.{_base64(hmac.digest(pem, content.encode(), 'sha256'))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@frozen
class Request:
    """A request that the provider got."""

    method: str
    path: str
    form: Mapping[str, str]
    headers: Mapping[str, str]


@frozen
class Response:
    """A response of the provider. `parts` are sent one after the other; then the connection ends,
    unless it `hangs`.
    """

    status: int = 200
    content: object = None
    headers: Mapping[str, str] = field(factory=dict)
    raw: bytes | None = None
    hangs: bool = False

    @property
    def body(self) -> bytes:
        return json.dumps(self.content).encode() if self.raw is None else self.raw


@frozen
class _Granted:
    """What a code was issued for."""

    redirect_uri: str
    nonce: str
    challenge: str


@define
class OidcProvider:
    """What the provider sends, and the requests that it got.

    Args:
        url: its issuer.
        claims: those of the visitor.
        instead: by path, a response that replaces the right one.
        make_token: makes an ID token of claims.
        keys: those in its JWKS document.
        more: further fields of its discovery document.
    """

    url: str = ""
    claims: Claims = field(factory=lambda: dict(ANN))
    instead: dict[str, Response] = field(factory=dict)
    make_token: Callable[[Claims], str] = signed
    keys: list[Claims] = field(factory=lambda: [public_jwk(rsa_key(), kid="1", use="sig")])
    more: Claims = field(factory=dict)
    asked: list[Request] = field(factory=list)
    was_asked: trio.Event = field(factory=trio.Event)
    codes: dict[str, _Granted] = field(factory=dict)

    def paths(self) -> list[str]:
        """The paths of the requests."""
        return [each.path for each in self.asked]

    async def serve(self, stream: trio.abc.Stream) -> None:
        await serve_requests(stream, self._exchange)

    async def _exchange(
        self, state: h11.Connection, stream: trio.abc.Stream, head: h11.Request, body: bytes
    ) -> bool:
        target = urlsplit(head.target.decode())
        headers = {name.decode(): value.decode() for name, value in head.headers}
        form = {name: values[0] for name, values in parse_qs(body.decode() or target.query).items()}
        request = Request(head.method.decode(), target.path, form, headers)
        self.asked.append(request)
        self.was_asked.set()
        response = self.instead.get(target.path) or self._answer(request)
        await self._send(state, stream, response)
        return True

    async def _send(
        self, state: h11.Connection, stream: trio.abc.Stream, response: Response
    ) -> None:
        sent = {"Content-Type": "application/json", "Content-Length": str(len(response.body))}
        head = h11.Response(
            status_code=response.status, headers=[*(sent | dict(response.headers)).items()]
        )
        await stream.send_all(state.send(head) or b"")
        if response.hangs:
            await trio.sleep_forever()
        await stream.send_all(state.send(h11.Data(data=response.body)) or b"")
        await stream.send_all(state.send(h11.EndOfMessage()) or b"")

    def _answer(self, request: Request) -> Response:
        match request.path:
            case "/.well-known/openid-configuration":
                return Response(content=self._document())
            case "/keys":
                return Response(content={"keys": self.keys})
            case "/authorize":
                return self._authorize(request.form)
            case "/token":
                return self._redeem(request)
            case _:
                return Response(404)

    def _document(self) -> Claims:
        said = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        return {**said, **self.more}

    def _authorize(self, form: Mapping[str, str]) -> Response:
        assert form["response_type"] == "code"
        assert form["client_id"] == CLIENT_ID
        assert form["code_challenge_method"] == "S256"
        assert "openid" in form["scope"].split()
        code = f"code-{len(self.codes)}"
        redirect_uri = form["redirect_uri"]
        self.codes[code] = _Granted(redirect_uri, form["nonce"], form["code_challenge"])
        back = {"code": code, "state": form["state"], "iss": self.url}
        return Response(303, headers={"Location": f"{redirect_uri}?{urlencode(back)}"})

    def _redeem(self, request: Request) -> Response:
        form = request.form
        if not _is_client(request):
            return Response(401, {"error": "invalid_client"})
        granted = self.codes.pop(form["code"], None)
        challenge = _base64(hashlib.sha256(form["code_verifier"].encode()).digest())
        if granted is None or (granted.redirect_uri, granted.challenge) != (
            form["redirect_uri"],
            challenge,
        ):
            return Response(400, {"error": "invalid_grant"})
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT_ID, "exp": now + 300, "iat": now,
            "nonce": granted.nonce, **self.claims,
        }  # fmt: skip
        token = self.make_token({key: value for key, value in claims.items() if value is not None})
        return Response(content={"token_type": "Bearer", "access_token": "x", "id_token": token})


def _is_client(request: Request) -> bool:
    """Whether the client's secret came: in the header (RFC 6749, section 2.3.1), or in the form."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
        return (unquote_plus(name), unquote_plus(secret)) == (CLIENT_ID, CLIENT_SECRET)
    return (request.form["client_id"], request.form.get("client_secret")) == (
        CLIENT_ID,
        CLIENT_SECRET,
    )


@asynccontextmanager
async def oidc_provider(context: ssl.SSLContext | None = None) -> AsyncIterator[OidcProvider]:
    """A running provider on a port of its own; with a context over TLS."""
    provider = OidcProvider()
    async with trio.open_nursery() as nursery:
        if context is None:
            plain = await trio.open_tcp_listeners(0, host="127.0.0.1")
            port = plain[0].socket.getsockname()[1]
            provider.url = f"http://127.0.0.1:{port}"
            nursery.start_soon(trio.serve_listeners, provider.serve, plain)
        else:
            secure = await trio.open_ssl_over_tcp_listeners(0, context, host="127.0.0.1")
            listener: Any = secure[0].transport_listener
            port = listener.socket.getsockname()[1]
            provider.url = f"https://127.0.0.1:{port}"
            nursery.start_soon(trio.serve_listeners, provider.serve, secure)
        yield provider
        nursery.cancel_scope.cancel()

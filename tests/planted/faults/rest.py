"""Faults in REST: what is asked of every request, and in single endpoints."""

from typing import Final

from tests.planted.fault import Fault

APP: Final = "tests/hub/rest/test_app.py"
UPLOADS: Final = "tests/hub/rest/routes/test_uploads.py"
ACCOUNTS: Final = "tests/hub/rest/routes/private_messages/test_accounts.py"
LEARNING_CHANNELS: Final = "tests/hub/rest/routes/learning_chat/test_channels.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "the conversations of the learning platform list every member",
        "hub/rest/routes/learning_chat/conversations.py",
        "[:MAX_PARTICIPANTS]",
        "",
        ("tests/hub/rest/routes/learning_chat/test_conversations.py",),
    ),
    Fault(
        "a page of another origin may delete",
        "hub/rest/endpoint.py",
        'SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})',
        'SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})',
        (APP,),
    ),
    Fault(
        "any client may name its own address",
        "hub/rest/endpoint.py",
        "if self._peer not in self.services.config.trusted_proxies:",
        "if not self._peer:",
        ("tests/hub/rest/test_login.py",),
    ),
    Fault(
        "a client names its own address, although a proxy names another",
        "hub/rest/endpoint.py",
        'return ",".join(self.request.headers.getlist(name)).rpartition(",")[2].strip()',
        'return self.request.headers.get(name, "").rpartition(",")[2].strip()',
        ("tests/hub/rest/test_login.py",),
    ),
    Fault(
        "a form of another site may send a message",
        "hub/rest/endpoint.py",
        'if kind != "application/json":',
        'if kind not in ("application/json", "text/plain"):',
        (APP,),
    ),
    Fault(
        "registration works although it is closed",
        "hub/rest/login.py",
        "if call.services.config.registration is Registration.CLOSED:",
        "if call.services.config.registration is None:",
        (ACCOUNTS,),
    ),
    Fault(
        "a message is shown under another conversation's id",
        "hub/rest/routes/messenger.py",
        "if message is None or {message.author_id, message.recipient_id} != {call.me, peer}:",
        "if message is None:",
        ("tests/hub/rest/routes/test_messenger.py",),
    ),
    Fault(
        "the sender is whoever the body says",
        "hub/rest/routes/messenger.py",
        "    _require_me(call, body.sender_id)\n    if body.conversation_id",
        "    if body.conversation_id",
        ("tests/hub/rest/routes/test_messenger.py",),
    ),
    Fault(
        "the replies to a message that may not be seen are shown",
        "hub/rest/routes/channel_messages/messages.py",
        "    if message is None or access is None or not access.allowed:\n",
        "    if message is None or access is None:\n",
        ("tests/hub/rest/routes/channel_messages/test_messages.py",),
    ),
    Fault(
        "a token outlives the session it was issued for",
        "hub/rest/routes/channel_messages/tokens.py",
        "lifetime = min(LIFETIME, call.session.expires_at - datetime.now(UTC))",
        "lifetime = max(LIFETIME, call.session.expires_at - datetime.now(UTC))",
        ("tests/hub/rest/routes/channel_messages/test_tokens.py",),
    ),
    Fault(
        "everybody sees who is online",
        "hub/rest/routes/private_messages/messages.py",
        "return online & audience.get(call.me, frozenset())",
        "return online | audience.get(call.me, frozenset())",
        ("tests/hub/rest/routes/private_messages/test_messages.py",),
    ),
    Fault(
        "whoever asked to follow may accept for the other",
        "hub/rest/routes/private_messages/relations.py",
        "relations.accept_follow(call.me, call.user_id())",
        "relations.accept_follow(call.user_id(), call.me)",
        ("tests/hub/rest/routes/private_messages/test_relations.py",),
    ),
    Fault(
        "strangers see who follows a private profile",
        "hub/rest/routes/private_messages/profiles.py",
        "    if user is not None and permit.allowed:\n",
        "    if user is not None and (permit.allowed or not user.is_public):\n",
        ("tests/hub/rest/routes/private_messages/test_profiles.py",),
    ),
    Fault(
        "a conversation that was left is still listed",
        "hub/rest/routes/channel_messages/channels.py",
        "if not each.is_archived}",
        "if each.peer}",
        ("tests/hub/rest/routes/channel_messages/test_channels.py",),
    ),
    Fault(
        "a path shared with bearer tokens is theirs without a token",
        "hub/rest/selection.py",
        "next(iter(with_cookie or candidates))",
        "next(iter(candidates or with_cookie))",
        ("tests/hub/rest/routes/channel_messages/test_channels.py",),
    ),
    Fault(
        "a password is changed without the current one",
        "hub/rest/routes/private_messages/profiles.py",
        "    if not await is_own_password(call, body.current_password):\n",
        "    if not body.current_password:\n",
        ("tests/hub/rest/routes/private_messages/test_profiles.py",),
    ),
    Fault(
        "the current password may be guessed without end",
        "hub/rest/login.py",
        "    _limit_guesses(call, call.me)\n",
        "",
        ("tests/hub/rest/routes/private_messages/test_profiles.py",),
    ),
    Fault(
        "an upload's name may climb out of its folder",
        "hub/rest/routes/uploads.py",
        'kept = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[-MAX_NAME_CHARS:]',
        'kept = re.sub(r"[^A-Za-z0-9./_-]+", "_", name)[-MAX_NAME_CHARS:]',
        (UPLOADS,),
    ),
    Fault(
        "an upload is whatever its name says",
        "hub/rest/routes/uploads.py",
        'return "text/plain" if _is_text(content) else None',
        'return "text/plain" if _is_text(content) or name.endswith(".txt") else None',
        (UPLOADS,),
    ),
    Fault(
        "a browser may run an uploaded file",
        "hub/rest/routes/uploads.py",
        '            "X-Content-Type-Options": "nosniff",\n',
        "",
        (UPLOADS,),
    ),
    Fault(
        "an upload may be larger than the limit",
        "hub/rest/routes/uploads.py",
        "    if len(content) > limit:\n",
        "    if len(content) > 2 * limit:\n",
        (UPLOADS,),
    ),
    Fault(
        "pages of other sites measure what users are sent",
        "hub/rest/app.py",
        'return site in ("none", "same-origin") or request.get("origin") in origins',
        "return bool(site) or not origins",
        ("tests/hub/http/test_compression.py",),
    ),
    Fault(
        "browsers keep files of the web client that have changed",
        "hub/rest/web.py",
        """ + content)
    return together""",
        """)
    return together""",
        ("tests/hub/rest/test_web.py",),
    ),
    Fault(
        "other pages may frame the web client",
        "hub/rest/web.py",
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        " base-uri 'none'; form-action 'none'",
        ("tests/hub/rest/test_web.py",),
    ),
    Fault(
        "an answer has a field that is not documented",
        "hub/rest/routes/private_messages/messages.py",
        'return JSON({"count": await call.services.store.messages.unread_count(call.me)})',
        'return JSON({"count": 0, "of": await call.services.store.messages.unread_count(call.me)})',
        ("tests/hub/rest/routes/private_messages/test_messages.py",),
    ),
    Fault(
        "an error has a code that is not documented",
        "hub/rest/routes/private_messages/relations.py",
        'raise HttpError(404, "not_blocked", "You do not block this user")',
        'raise HttpError(404, "no_such_block", "You do not block this user")',
        ("tests/hub/rest/routes/private_messages/test_relations.py",),
    ),
    Fault(
        "what the hub sends may have any further fields, as documented",
        "protocol/schemas.py",
        '"additionalProperties": False',
        '"additionalProperties": True',
        ("tests/protocol/test_schemas.py", "tests/hub/rest/test_openapi.py"),
    ),
    Fault(
        "a number out of range in a query is taken as it is",
        "hub/rest/parameters.py",
        "if number > self.high:",
        "if number > MAX_ID:",
        ("tests/hub/rest/test_parameters.py",),
    ),
    Fault(
        "a call of several dialects is documented for one that is not meant",
        "hub/rest/openapi.py",
        "(not is_one_call and claim[0].name != default, claim[0].cookie is None)",
        "(claim[0].name != default, claim[0].cookie is None)",
        ("tests/hub/rest/test_openapi.py",),
    ),
    Fault(
        "what every call may answer is not documented",
        "hub/rest/openapi.py",
        "known += [code for code in codes if code not in known]",
        "known[:] = codes",
        ("tests/contract/test_contract.py",),
    ),
    Fault(
        "the address of an upload can be guessed",
        "hub/rest/routes/uploads.py",
        "secrets.token_hex(NAME_BYTES)",
        "format(int(datetime.now(UTC).timestamp() * 1000), '032x')",
        ("tests/hub/rest/routes/test_uploads.py",),
    ),
    Fault(
        "who is blocked is shown a message by its id",
        "hub/rest/routes/messenger.py",
        "    peer = _peer(call, conversation)\n    await call.require_conversation(peer)\n",
        "    peer = _peer(call, conversation)\n",
        ("tests/hub/rest/routes/test_messenger.py",),
    ),
)

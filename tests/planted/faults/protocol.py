"""Faults in protocol/: frames, handshakes, parsing, and the dialects' own."""

from typing import Final

from tests.planted.fault import Fault

COMPRESSION: Final = "tests/protocol/websocket/test_compression.py"
FRAMES: Final = "tests/protocol/websocket/test_frames.py"
HANDSHAKE: Final = "tests/protocol/websocket/test_handshake.py"
ENGINEIO: Final = "tests/protocol/engineio/test_session.py"
SOCKETIO: Final = "tests/protocol/socketio/test_packets.py"

BOUNDS: Final = "tests/protocol/test_bounds.py"
RECOVERY: Final = "tests/hub/socketio/test_recovery.py"
RESUME: Final = "tests/hub/services/test_resume.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "an empty edit gets another error code on /messagepal",
        "protocol/dialects/messenger/decoders.py",
        "    content: Content\n    client_message_id",
        "    content: Annotated[str, Spelt(Content, _not_empty)]\n    client_message_id",
        ("tests/hub/services/test_changing_messages.py",),
    ),
    Fault(
        "an empty edit gets another error code on /ws/chat",
        "protocol/dialects/learning_chat/decoders.py",
        "    content: Annotated[str, Spelt(Content, _trimmed)]",
        "    content: Annotated[str, Spelt(Content, _content)]",
        ("tests/hub/services/test_changing_messages.py",),
    ),
    Fault(
        "an empty idempotency key over REST is ignored",
        "hub/rest/endpoint.py",
        "        if header is None:\n",
        "        if not header:\n",
        ("tests/hub/services/test_changing_messages.py",),
    ),
    Fault(
        "an unmasked frame is accepted",
        "protocol/websocket/frames.py",
        """        if not second & _MASKED:
            return PROTOCOL_ERROR
""",
        "",
        (FRAMES,),
    ),
    Fault(
        "a compressed message is accepted although compression was not negotiated",
        "protocol/websocket/frames.py",
        "return self._inflate is not None and first",
        "return first",
        (FRAMES,),
    ),
    Fault(
        "a compressed bomb is inflated completely",
        "protocol/websocket/compression.py",
        "stream.decompress(data + _TAIL, max_bytes + 1)",
        "stream.decompress(data + _TAIL)",
        (COMPRESSION,),
    ),
    Fault(
        "messages are compressed in a larger window than the peer has",
        "protocol/websocket/compression.py",
        "zlib.DEFLATED, -self.window_bits,",
        "zlib.DEFLATED, -_INFLATE_WINDOW_BITS,",
        (COMPRESSION,),
    ),
    Fault(
        "each connection compresses the same event again",
        "hub/admission.py",
        "return self._wires.setdefault(key, Wire(dialect, compression))",
        "return Wire(dialect, compression)",
        ("tests/hub/test_compressed_messages.py",),
    ),
    Fault(
        "fragments together may be longer than the limit",
        "protocol/websocket/frames.py",
        "too_big = len(self._message) + length > self._max_bytes",
        "too_big = length > self._max_bytes",
        (FRAMES,),
    ),
    Fault(
        "a new message may begin inside a fragmented one",
        "protocol/websocket/frames.py",
        "expected = opcode == CONTINUATION if self._kind else opcode in (TEXT, BINARY)",
        "expected = opcode in (CONTINUATION, TEXT, BINARY)",
        (FRAMES,),
    ),
    Fault(
        "text that is no UTF-8 is accepted",
        "protocol/websocket/frames.py",
        "            return payload.decode()\n",
        '            return payload.decode(errors="replace")\n',
        (FRAMES,),
    ),
    Fault(
        "a close code that may not be sent is accepted",
        "protocol/websocket/frames.py",
        "1007 <= code <= 1014",
        "1004 <= code <= 1014",
        (FRAMES,),
    ),
    Fault(
        "frames after a protocol violation are still accepted",
        "protocol/websocket/frames.py",
        """            if fault is not None:
                self._failed = True
""",
        """            if fault is not None:
""",
        (FRAMES,),
    ),
    Fault(
        "a close frame is longer than a control frame may be",
        "protocol/websocket/frames.py",
        "reason.text.encode()[: _MAX_CONTROL_BYTES - 2]",
        "reason.text.encode()[:_MAX_CONTROL_BYTES]",
        (FRAMES,),
    ),
    Fault(
        "an origin with the server's host but another scheme or port counts as its own",
        "protocol/websocket/handshake.py",
        "return origin == own or origin in {_normal(entry) for entry in allowed}",
        "return origin[1:2] == (own or ())[1:2] or origin in {_normal(entry) for entry in allowed}",
        (HANDSHAKE,),
    ),
    Fault(
        "a second Origin header of a request is ignored",
        "protocol/websocket/handshake.py",
        """    if len(origins) > 1:
        return False
""",
        "",
        (HANDSHAKE,),
    ),
    Fault(
        "a request without Origin from a page of another site is allowed",
        "protocol/websocket/handshake.py",
        'return head.header(b"sec-fetch-site") not in _OF_ANOTHER_SITE',
        "return True",
        (HANDSHAKE, "tests/hub/engineio/test_binding.py"),
    ),
    Fault(
        "the last of several cookies of the same name takes precedence",
        "protocol/websocket/handshake.py",
        """found.setdefault(name.strip(), []).append(content""",
        """found.setdefault(name.strip(), []).insert(0, content""",
        (HANDSHAKE, "tests/hub/rest/test_login_cookies.py"),
    ),
    Fault(
        "a link may run scripts",
        "protocol/parsing/content.py",
        "if not fits or not (url.startswith(_URL_PREFIXES) or _UPLOAD.fullmatch(url)):",
        'if not fits or not (":" in url or _UPLOAD.fullmatch(url)):',
        ("tests/protocol/parsing/test_content.py",),
    ),
    Fault(
        "a message of invisible characters is accepted",
        "protocol/parsing/content.py",
        "    if _SHOWN.search(text) is None:\n",
        "    if not text or text.isspace():\n",
        ("tests/protocol/parsing/test_content.py",),
    ),
    Fault(
        "content may be one character longer than the limit",
        "protocol/parsing/content.py",
        "    if len(text) > limit:\n",
        "    if len(text) > limit + 1:\n",
        ("tests/protocol/parsing/test_content.py",),
    ),
    Fault(
        "a message may contain NUL, which Postgres cannot store",
        "protocol/parsing/content.py",
        """    if "\\x00" in text:
        return False
""",
        "",
        ("tests/protocol/parsing/test_content.py",),
    ),
    Fault(
        "rendered messages keep scripts",
        "protocol/shapes/rendering.py",
        "return _CLEANER.clean(_MARKDOWN.render(content))",
        "return _MARKDOWN.render(content) if content else _CLEANER.clean(content)",
        ("tests/protocol/shapes/test_rendering.py",),
    ),
    Fault(
        "any amount of markup in a message is rendered",
        "protocol/shapes/rendering.py",
        "    if len(_MARKUP.findall(content)) > MAX_MARKUP:\n",
        "    if not content:\n",
        ("tests/protocol/shapes/test_rendering.py",),
    ),
    Fault(
        "an Engine.IO payload is larger than the client accepts",
        "protocol/engineio/session.py",
        "if packets and size > self._settings.max_payload:",
        "if packets and size > 2 * self._settings.max_payload:",
        (ENGINEIO,),
    ),
    Fault(
        "a WebSocket takes over an Engine.IO session without a probe",
        "protocol/engineio/session.py",
        "case Packet(type=PacketType.UPGRADE) if self._upgrade is _Upgrade.PROBED:",
        "case Packet(type=PacketType.UPGRADE):",
        (ENGINEIO,),
    ),
    Fault(
        "a packet may announce any number of attachments",
        "protocol/socketio/packets.py",
        "(header[2] is not None) or count > MAX_ATTACHMENTS:",
        "(header[2] is not None) or count < 0:",
        (SOCKETIO,),
    ),
    Fault(
        "a client may send the events that Socket.IO reserves",
        "protocol/socketio/packets.py",
        "return isinstance(name, str) and name not in RESERVED",
        "return isinstance(name, str)",
        (SOCKETIO,),
    ),
    Fault(
        "a client reconnects after its session has ended",
        "protocol/errors.py",
        'CloseReason(4001, "Session ended", reconnect=False)',
        'CloseReason(4000, "Session ended", reconnect=False)',
        (
            "tests/hub/services/rights/test_revocation.py",
            "tests/hub/rest/routes/private_messages/test_accounts.py",
        ),
    ),
    Fault(
        "an error on /ws does not name the message that it is about",
        "protocol/dialects/private_messages/encoders.py",
        """    if event.key is not None:
        frame["client_id"] = event.key
""",
        "",
        ("tests/protocol/dialects/private_messages/test_encoders.py",),
    ),
    Fault(
        "an incomplete resume is reported as complete",
        "protocol/shapes/resumed.py",
        '        "complete": event.complete,\n',
        '        "complete": True,\n',
        ("tests/protocol/dialects/test_every_dialect.py",),
    ),
    Fault(
        "a reply over Socket.IO is shown to its sender without its thread",
        "protocol/dialects/channel_messages/shapes.py",
        '        view["thread"] = thread_object(message.thread, message_uuid, user_uuid)\n',
        "        pass\n",
        ("tests/protocol/dialects/channel_messages/test_encoders.py",),
    ),
    Fault(
        "message:read is sent instead of message:delivered",
        "protocol/dialects/channel_messages/encoders.py",
        "is_read = event.status is DeliveryStatus.READ",
        "is_read = event.status is not None",
        ("tests/protocol/dialects/channel_messages/test_encoders.py",),
    ),
    Fault(
        "/ws/chat does not report that a user stopped typing",
        "protocol/dialects/learning_chat/encoders.py",
        "    if event.is_typing:\n",
        "    if True:\n",
        ("tests/protocol/dialects/learning_chat/test_encoders.py",),
    ),
    Fault(
        "an assignment is not stored as homework",
        "protocol/dialects/learning_chat/decoders.py",
        "is_homework=frame.message_type is MessageKind.ASSIGNMENT",
        "is_homework=False",
        ("tests/protocol/dialects/learning_chat/test_decoders.py",),
    ),
    Fault(
        "a dialect gets kinds of messages that it does not know",
        "protocol/model.py",
        "return self if self in PLAIN_KINDS else MessageKind.TEXT",
        "return self",
        ("tests/hub/rest/routes/learning_chat/test_messages.py",),
    ),
    Fault(
        "replyTo is ignored on /ws/chat",
        "protocol/dialects/learning_chat/decoders.py",
        "frame.parent_id or frame.reply_to",
        "frame.parent_id",
        ("tests/protocol/dialects/learning_chat/test_decoders.py",),
    ),
    Fault(
        "a frame has a field that is not documented",
        "protocol/dialects/private_messages/encoders.py",
        'return ({"type": "shed", "events": event.count},)',
        'return ({"type": "shed", "events": event.count, "seq": 0},)',
        ("tests/hub/rest/test_asyncapi.py",),
    ),
    Fault(
        "a frame without a required field is accepted",
        "protocol/parsing/reading.py",
        "elif is_required:",
        "elif is_required and not given:",
        ("tests/protocol/parsing/test_reading.py",),
    ),
    Fault(
        "a malformed boolean field counts as true",
        "protocol/parsing/reading.py",
        "return value if isinstance(value, bool) else None",
        "return value is not None",
        ("tests/protocol/parsing/test_reading.py",),
    ),
    Fault(
        "an error returns a malformed idempotency key",
        "protocol/parsing/tagged.py",
        "if isinstance(given, str) and error.field != key:",
        "if isinstance(given, str):",
        ("tests/protocol/dialects/messenger/test_decoders.py",),
    ),
    Fault(
        "a malformed optional field is ignored",
        "protocol/parsing/reading.py",
        "            elif given.get(json) is not None:\n",
        "            elif False:\n",
        (
            "tests/protocol/parsing/test_reading.py",
            "tests/protocol/dialects/learning_chat/test_decoders.py",
        ),
    ),
    Fault(
        "an error quotes a frame type that is an object or a list",
        "protocol/parsing/tagged.py",
        "isinstance(tag, dict | list)",
        "isinstance(tag, bytes)",
        ("tests/protocol/parsing/test_tagged.py",),
    ),
    Fault(
        "a name may contain invisible characters",
        "protocol/parsing/names.py",
        '"Cc", "Cf", "Cs"',
        '"Cc", "Cs"',
        ("tests/protocol/parsing/test_names.py",),
    ),
    Fault(
        "a username of mixed alphabets can imitate an existing one",
        "protocol/parsing/names.py",
        "and len(alphabets) <= 1",
        "and len(alphabets) >= 0",
        ("tests/protocol/parsing/test_names.py",),
    ),
    Fault(
        "a username may be another user's email address",
        "protocol/dialects/learning_chat/rest.py",
        "        if not is_username(self.username):\n",
        "        if not is_username(self.username) and not self.email:\n",
        ("tests/hub/rest/routes/learning_chat/test_accounts.py",),
    ),
    Fault(
        "a username made from an email address can imitate an existing one",
        "protocol/parsing/names.py",
        "return is_username(local) and is_name(domain)",
        "return is_name(local) and is_name(domain)",
        ("tests/protocol/parsing/test_names.py",),
    ),
    Fault(
        "all unconfirmed messages are sent in one frame, however large",
        "hub/socketio/application.py",
        "newest_that_fit([self._dialect.message(*each) for each in found])",
        "[self._dialect.message(*each) for each in found]",
        (RECOVERY,),
    ),
    Fault(
        "a page of messages over Socket.IO is not cut to the limit of a frame",
        "protocol/dialects/channel_messages/dialect.py",
        "shown = newest_that_fit(views)",
        "shown = views",
        (BOUNDS, RECOVERY),
    ),
    Fault(
        "a history on /messagepal is sent in one frame, however large",
        "protocol/dialects/messenger/encoders.py",
        "shown = newest_that_fit(messages)",
        "shown = messages",
        (BOUNDS,),
    ),
    Fault(
        "READY on /gateway contains all workspaces, however many",
        "protocol/dialects/gateway/encoders.py",
        "first_that_fit([_guild(workspace) for workspace in event.workspaces])",
        "[_guild(workspace) for workspace in event.workspaces]",
        (BOUNDS,),
    ),
    Fault(
        "a workspace in a frame on /gateway lists all its members, however many",
        "protocol/dialects/gateway/encoders.py",
        "workspace.members[:MAX_MEMBERS]",
        "workspace.members",
        (BOUNDS,),
    ),
    Fault(
        "a list that was cut keeps the oldest messages instead of the newest",
        "protocol/bounds.py",
        "return first_that_fit(items[::-1])[::-1]",
        "return first_that_fit(items)",
        (BOUNDS, RECOVERY),
    ),
    Fault(
        "a resume that left out positions is reported as complete",
        "hub/services/resume.py",
        "len(upto) <= MAX_POSITIONS and all(",
        "all(",
        (RESUME,),
    ),
    Fault(
        "missed messages are sent to all connections of a user at the same time",
        "hub/services/replay.py",
        "                async with client.quota.requests:  # the others",
        "                async with client.quota.responses:  # the others",
        (RESUME,),
    ),
    Fault(
        "a resume costs as little as a heartbeat",
        "hub/services/commands.py",
        "            asker.quota.pace.take(frames - 1, trio.current_time())\n",
        "            pass\n",
        ("tests/hub/services/test_commands.py",),
    ),
    Fault(
        "a resume leaves out positions that moved and names unchanged ones",
        "hub/services/resume.py",
        "key=lambda each: not each.spans",
        "key=lambda each: bool(each.spans)",
        (RESUME,),
    ),
    Fault(
        "the cache of rendered messages is too small",
        "protocol/shapes/rendering.py",
        "REMEMBERED: Final = 2_048",
        "REMEMBERED: Final = 50",
        ("tests/protocol/shapes/test_rendering.py",),
    ),
)

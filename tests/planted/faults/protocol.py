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
        "an edit to nothing has another code on /messagepal",
        "protocol/dialects/messenger/decoders.py",
        "    content: Content\n    client_message_id",
        "    content: Annotated[str, Spelt(Content, _not_empty)]\n    client_message_id",
        ("tests/hub/services/test_changing_messages.py",),
    ),
    Fault(
        "an edit to nothing has another code on /ws/chat",
        "protocol/dialects/learning_chat/decoders.py",
        "    content: Annotated[str, Spelt(Content, _trimmed)]",
        "    content: Annotated[str, Spelt(Content, _content)]",
        ("tests/hub/services/test_changing_messages.py",),
    ),
    Fault(
        "an empty key counts as none over REST",
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
        "a compressed message is accepted that was not agreed on",
        "protocol/websocket/frames.py",
        "return self._inflate is not None and first",
        "return first",
        (FRAMES,),
    ),
    Fault(
        "a compressed bomb is inflated whole",
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
        "each connection compresses for itself",
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
        "frames after a violation are still taken",
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
        "any origin with the server's host is its own",
        "protocol/websocket/handshake.py",
        "return origin == own or origin in {_normal(entry) for entry in allowed}",
        "return origin[1:2] == (own or ())[1:2] or origin in {_normal(entry) for entry in allowed}",
        (HANDSHAKE,),
    ),
    Fault(
        "the second Origin of a request is not looked at",
        "protocol/websocket/handshake.py",
        """    if len(origins) > 1:
        return False
""",
        "",
        (HANDSHAKE,),
    ),
    Fault(
        "a page of another site that sends no Origin counts as none",
        "protocol/websocket/handshake.py",
        'return head.header(b"sec-fetch-site") not in _OF_ANOTHER_SITE',
        "return True",
        (HANDSHAKE, "tests/hub/engineio/test_binding.py"),
    ),
    Fault(
        "the last cookie of a name wins",
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
        "a message may be of nothing that can be seen",
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
        "content may hold NUL, which Postgres cannot store",
        "protocol/parsing/content.py",
        """    if "\\x00" in text:
        return False
""",
        "",
        ("tests/protocol/parsing/test_content.py",),
    ),
    Fault(
        "rendered content keeps scripts",
        "protocol/shapes/rendering.py",
        "return _CLEANER.clean(_MARKDOWN.render(content))",
        "return _MARKDOWN.render(content) if content else _CLEANER.clean(content)",
        ("tests/protocol/shapes/test_rendering.py",),
    ),
    Fault(
        "markup is rendered however much there is",
        "protocol/shapes/rendering.py",
        "    if len(_MARKUP.findall(content)) > MAX_MARKUP:\n",
        "    if not content:\n",
        ("tests/protocol/shapes/test_rendering.py",),
    ),
    Fault(
        "an Engine.IO payload is larger than the client takes",
        "protocol/engineio/session.py",
        "if packets and size > self._settings.max_payload:",
        "if packets and size > 2 * self._settings.max_payload:",
        (ENGINEIO,),
    ),
    Fault(
        "a WebSocket takes an Engine.IO session over without a probe",
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
        "an ended session is a reason to come back",
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
        "a part of what was missed is called all of it",
        "protocol/shapes/resumed.py",
        '        "complete": event.complete,\n',
        '        "complete": True,\n',
        ("tests/protocol/dialects/test_every_dialect.py",),
    ),
    Fault(
        "who sends a reply over Socket.IO is not shown its thread",
        "protocol/dialects/channel_messages/shapes.py",
        '        view["thread"] = thread_object(message.thread, message_uuid, user_uuid)\n',
        "        pass\n",
        ("tests/protocol/dialects/channel_messages/test_encoders.py",),
    ),
    Fault(
        "message:read is sent where message:delivered is meant",
        "protocol/dialects/channel_messages/encoders.py",
        "is_read = event.status is DeliveryStatus.READ",
        "is_read = event.status is not None",
        ("tests/protocol/dialects/channel_messages/test_encoders.py",),
    ),
    Fault(
        "/ws/chat does not say that somebody stopped typing",
        "protocol/dialects/learning_chat/encoders.py",
        "    if event.is_typing:\n",
        "    if True:\n",
        ("tests/protocol/dialects/learning_chat/test_encoders.py",),
    ),
    Fault(
        "an assignment is no homework",
        "protocol/dialects/learning_chat/decoders.py",
        "is_homework=frame.message_type is MessageKind.ASSIGNMENT",
        "is_homework=False",
        ("tests/protocol/dialects/learning_chat/test_decoders.py",),
    ),
    Fault(
        "other dialects are sent kinds of messages that they do not know",
        "protocol/model.py",
        "return self if self in PLAIN_KINDS else MessageKind.TEXT",
        "return self",
        ("tests/hub/rest/routes/learning_chat/test_messages.py",),
    ),
    Fault(
        "replyTo is not read",
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
        "a frame may be without what it must have, although documented otherwise",
        "protocol/parsing/reading.py",
        "elif is_required:",
        "elif is_required and not given:",
        ("tests/protocol/parsing/test_reading.py",),
    ),
    Fault(
        "what is malformed counts as given",
        "protocol/parsing/reading.py",
        "return value if isinstance(value, bool) else None",
        "return value is not None",
        ("tests/protocol/parsing/test_reading.py",),
    ),
    Fault(
        "an error carries a key that is no key",
        "protocol/parsing/tagged.py",
        "if isinstance(given, str) and error.field != key:",
        "if isinstance(given, str):",
        ("tests/protocol/dialects/messenger/test_decoders.py",),
    ),
    Fault(
        "what may be missing is dropped in silence when it is malformed",
        "protocol/parsing/reading.py",
        "            elif given.get(json) is not None:\n",
        "            elif False:\n",
        (
            "tests/protocol/parsing/test_reading.py",
            "tests/protocol/dialects/learning_chat/test_decoders.py",
        ),
    ),
    Fault(
        "a type that is a structure is shown",
        "protocol/parsing/tagged.py",
        "isinstance(tag, dict | list)",
        "isinstance(tag, bytes)",
        ("tests/protocol/parsing/test_tagged.py",),
    ),
    Fault(
        "a name may hide letters",
        "protocol/parsing/names.py",
        '"Cc", "Cf", "Cs"',
        '"Cc", "Cs"',
        ("tests/protocol/parsing/test_names.py",),
    ),
    Fault(
        "a username of another alphabet looks like one that is there",
        "protocol/parsing/names.py",
        "and len(alphabets) <= 1",
        "and len(alphabets) >= 0",
        ("tests/protocol/parsing/test_names.py",),
    ),
    Fault(
        "a username is somebody else's address",
        "protocol/dialects/learning_chat/rest.py",
        "        if not is_username(self.username):\n",
        "        if not is_username(self.username) and not self.email:\n",
        ("tests/hub/rest/routes/learning_chat/test_accounts.py",),
    ),
    Fault(
        "the username that is made of an address looks like one that is there",
        "protocol/parsing/names.py",
        "return is_username(local) and is_name(domain)",
        "return is_name(local) and is_name(domain)",
        ("tests/protocol/parsing/test_names.py",),
    ),
    Fault(
        "all messages that nobody confirmed are one frame",
        "hub/socketio/application.py",
        "newest_that_fit([self._dialect.message(*each) for each in found])",
        "[self._dialect.message(*each) for each in found]",
        (RECOVERY,),
    ),
    Fault(
        "a page over Socket.IO is not cut",
        "protocol/dialects/channel_messages/dialect.py",
        "shown = newest_that_fit(views)",
        "shown = views",
        (BOUNDS, RECOVERY),
    ),
    Fault(
        "a history is one frame however large",
        "protocol/dialects/messenger/encoders.py",
        "shown = newest_that_fit(messages)",
        "shown = messages",
        (BOUNDS,),
    ),
    Fault(
        "READY has all workspaces",
        "protocol/dialects/gateway/encoders.py",
        "first_that_fit([_guild(workspace) for workspace in event.workspaces])",
        "[_guild(workspace) for workspace in event.workspaces]",
        (BOUNDS,),
    ),
    Fault(
        "a workspace in a frame has all its members",
        "protocol/dialects/gateway/encoders.py",
        "workspace.members[:MAX_MEMBERS]",
        "workspace.members",
        (BOUNDS,),
    ),
    Fault(
        "a cut list has the oldest messages",
        "protocol/bounds.py",
        "return first_that_fit(items[::-1])[::-1]",
        "return first_that_fit(items)",
        (BOUNDS, RECOVERY),
    ),
    Fault(
        "positions that are not told count as told",
        "hub/services/resume.py",
        "len(upto) <= MAX_POSITIONS and all(",
        "all(",
        (RESUME,),
    ),
    Fault(
        "all connections of a user are told what they missed at the same time",
        "hub/services/replay.py",
        "                async with client.quota.requests:  # the others",
        "                async with client.quota.responses:  # the others",
        (RESUME,),
    ),
    Fault(
        "a resume costs as little as a heartbeat",
        "hub/services/commands.py",
        "        asker.quota.pace.take(price.frames - 1, now)\n",
        "        pass\n",
        ("tests/hub/services/test_commands.py",),
    ),
    Fault(
        "positions that moved are left out",
        "hub/services/resume.py",
        "key=lambda each: not each.spans",
        "key=lambda each: bool(each.spans)",
        (RESUME,),
    ),
    Fault(
        "too little of what was rendered is remembered",
        "protocol/shapes/rendering.py",
        "REMEMBERED: Final = 2_048",
        "REMEMBERED: Final = 50",
        ("tests/protocol/shapes/test_rendering.py",),
    ),
)

"""Faults in the JavaScript SDK and the page."""

from typing import Final

from tests.planted.fault import Fault

UNITS: Final = ("tests/hub/web/test_sdk_units.py",)
COLOURS: Final = ("tests/hub/web/test_colours.py",)
CONVERSATIONS: Final = ("tests/e2e/browser/test_conversations.py",)
READING: Final = ("tests/e2e/browser/test_reading.py",)
PEOPLE: Final = ("tests/e2e/browser/test_people.py",)
LOOKS: Final = ("tests/e2e/browser/test_looks.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a file that is called like a link looks like one",
        "hub/web/app/conversation/messages/bubble.js",
        "? text : stored",
        "? text : text",
        CONVERSATIONS,
    ),
    Fault(
        "what was discarded stays in the list of conversations",
        "hub/web/app/conversation/conversations.js",
        '    conversation.last = last?.content ?? "";\n',
        "",
        PEOPLE,
    ),
    Fault(
        "the SDK sends a message again under another key",
        "hub/web/sdk/dialects/private_messages.js",
        "    client_id: entry.key,\n",
        "    client_id: crypto.randomUUID(),\n",
        UNITS,
    ),
    Fault(
        "the SDK does not send the last unsent message again",
        "hub/web/sdk/messages/sender.js",
        "    for (const { key } of this.#outbox.entries()) this.#submit(key);",
        "    for (const { key } of this.#outbox.entries().slice(0, -1)) this.#submit(key);",
        UNITS,
    ),
    Fault(
        "the SDK resumes after one message too many",
        "hub/web/sdk/messages/timelines.js",
        "const newest = this.#timelines.get(conversationId)?.last?.seq ?? 0;",
        "const newest = (this.#timelines.get(conversationId)?.last?.seq ?? -1) + 1;",
        UNITS,
    ),
    Fault(
        "the SDK resumes only the conversations it began with",
        "hub/web/sdk/messages/timelines.js",
        "const ids = new Set([...this.#heads.keys(), ...known.map(([id]) => id)]);",
        "const ids = new Set(this.#heads.keys());",
        UNITS,
    ),
    Fault(
        "the SDK never says that typing ended",
        "hub/web/sdk/messages/typing.js",
        "    if (isToBeSent && mine.sentAt !== null) this.#send(conversationId, false);\n",
        "",
        UNITS,
    ),
    Fault(
        "somebody's typing is shown for ever",
        "hub/web/sdk/messages/typing.js",
        "    clearTimeout(before?.timer);\n"
        "    if (isTyping) {\n"
        "      const timer = setTimeout(() => this.received(conversationId, who, "
        "false), EXPIRY_MS);",
        "    clearTimeout(before?.timer);\n"
        "    if (isTyping) {\n"
        "      const timer = setTimeout(() => undefined, EXPIRY_MS);",
        UNITS,
    ),
    Fault(
        "the SDK sends in another order after a reload",
        "hub/web/sdk/messages/outbox.js",
        "for (const name of names.sort()) this.#restore(name);",
        "for (const name of names.sort().reverse()) this.#restore(name);",
        UNITS,
    ),
    Fault(
        "the SDK connects again without a pause",
        "hub/web/sdk/connection/backoff.js",
        "    return step / 2 + (this.#random() * step) / 2;",
        "    return 0;",
        UNITS,
    ),
    Fault(
        "the SDK connects again after its session has ended",
        "hub/web/sdk/connection/connection_loop.js",
        "if (event.code !== SESSION_ENDED) this",
        "if (event.code !== -SESSION_ENDED) this",
        UNITS,
    ),
    Fault(
        "the SDK takes frames of a connection it has left",
        "hub/web/sdk/connection/connection_loop.js",
        "    socket.onmessage = (event) => {\n      if (socket !== this.#socket) return;\n",
        "    socket.onmessage = (event) => {\n",
        UNITS,
    ),
    Fault(
        "a client that was closed while it connects comes online",
        "hub/web/sdk/connection/connection_loop.js",
        "    if (attempt !== this.#attempt) return;\n    if (this.#unopened",
        "    if (this.#unopened",
        UNITS,
    ),
    Fault(
        "the SDK keeps a connection that is silent",
        "hub/web/sdk/connection/liveness.js",
        "    this.#silence = setTimeout(this.#onDead, milliseconds);\n",
        "",
        UNITS,
    ),
    Fault(
        "an attempt to connect may last for ever",
        "hub/web/sdk/connection/connection_loop.js",
        "    this.#timer = setTimeout(() => this.#tookTooLong(), ATTEMPT_MS);\n"
        "    this.#enter(Connection.CONNECTING);\n",
        "    this.#enter(Connection.CONNECTING);\n",
        UNITS,
    ),
    Fault(
        "a client that polled once polls for ever",
        "hub/web/sdk/connection/connection_loop.js",
        "    this.#closeSocket();\n    this.#use(openSocket());\n",
        "",
        UNITS,
    ),
    Fault(
        "a tab that is looked at again waits for the next attempt",
        "hub/web/sdk/connection/wakes.js",
        '  document?.addEventListener("visibilitychange", seen);\n',
        "",
        UNITS,
    ),
    Fault(
        "a token that the hub refused is sent again",
        "hub/web/sdk/connection/access.js",
        "      this.#token = null;\n      this.#authorization",
        "      this.#authorization",
        UNITS,
    ),
    Fault(
        "requests that are refused at the same time ask for a token each",
        "hub/web/sdk/connection/access.js",
        "if (refused === this.#authorization) {",
        "{",
        UNITS,
    ),
    Fault(
        "a call that was aborted counts as a hub that is not reached",
        "hub/web/sdk/connection/rest.js",
        "      request.signal?.throwIfAborted();\n",
        "",
        UNITS,
    ),
    Fault(
        "a list of conversations that is not true any more is given again",
        "hub/web/sdk/client.js",
        "    if (LISTED.has(name)) this.#listed = null;\n",
        "",
        UNITS,
    ),
    Fault(
        "a message that was read is shown to React as it was",
        "hub/web/sdk/messages/timeline.js",
        "      this.#stored[at] = { ...message, status };\n      this.#all = null;\n",
        "      this.#stored[at] = { ...message, status };\n",
        UNITS,
    ),
    Fault(
        "the SDK is online before it has what it missed",
        "hub/web/sdk/session.js",
        "    if (isComplete) {",
        "    if (isComplete || true) {",
        UNITS,
    ),
    Fault(
        "the SDK shows a message twice",
        "hub/web/sdk/messages/timeline.js",
        "    if (this.#stored[at]?.seq === message.seq) return false;\n",
        "",
        UNITS,
    ),
    Fault(
        "a message that was read is shown as delivered",
        "hub/web/sdk/messages/timeline.js",
        "      if (RANK[message.status] >= RANK[status]) return; // and so have those before it\n",
        "",
        UNITS,
    ),
    Fault(
        "a message that a busy hub refused is not sent again",
        "hub/web/sdk/messages/sender.js",
        "    if (RETRYABLE.has(code)) {\n      this.#connection",
        "    if (RETRYABLE.has(text)) {\n      this.#connection",
        UNITS,
    ),
    Fault(
        "messages over REST have no key",
        "hub/web/sdk/dialects/private_messages.js",
        'const stored = await rest.call("POST", path, body, { "Idempotency-Key": entry.key });',
        'const stored = await rest.call("POST", path, body);',
        UNITS,
    ),
    Fault(
        "a message that was polled counts as read",
        "hub/web/sdk/dialects/private_messages.js",
        "?after_seq=${seq}&limit=${PAGE_SIZE}&mark=no`;",
        "?after_seq=${seq}&limit=${PAGE_SIZE}`;",
        UNITS,
    ),
    Fault(
        "who is in no workspace gets all private messages in the channels' client",
        "hub/web/sdk/dialects/learning_chat.js",
        '({ type: "resume", after }),',
        '({ type: "resume", ...(Object.keys(after).length > 0 && { after }) }),',
        UNITS,
    ),
    Fault(
        "the SDK does not follow the channels that one is let into",
        "hub/web/sdk/session.js",
        "        this.#follow(event.channels);\n",
        "",
        ("tests/hub/web/test_sdk_units.py",),
    ),
    Fault(
        "the page shows a new channel only after a reload",
        "hub/web/app/shell/app_shell.js",
        '    this.#on(this.#channels, "channels", () => void this.#conversations.load'
        "Channels());\n",
        "",
        CONVERSATIONS,
    ),
    Fault(
        "what was read still counts as unread",
        "hub/web/app/conversation/conversations.js",
        "    if (conversation === undefined) return;\n    conversation.unread = 0;\n",
        "    if (conversation === undefined) return;\n",
        CONVERSATIONS,
    ),
    Fault(
        "what was written is lost when it cannot be sent",
        "hub/web/app/conversation/composer.js",
        "    } catch (error) {\n      this.#say(",
        '    } catch (error) {\n      this.#text.value = "";\n      this.#say(',
        CONVERSATIONS,
    ),
    Fault(
        "another tab goes on as who was signed in before",
        "hub/web/app/shell/identity.js",
        "    if (this.#tabs !== null) this.#tabs.onmessage = "
        "({ data }) => this.#changedElsewhere(data);\n",
        "",
        PEOPLE,
    ),
    Fault(
        "channels of who was here before are shown until their session is replaced",
        "hub/web/app/panels/workspaces.js",
        "    this.#isWaiting = !isSamePerson(this.#client, this.#channels);\n",
        "    this.#isWaiting = me === null;\n",
        PEOPLE,
    ),
    Fault(
        "the source map of the page's script is one line off",
        "hub/rest/bundle.py",
        "_vlq(-(counts[number - 1] - 1) if number else 0)",
        "_vlq(-counts[number - 1] if number else 0)",
        ("tests/hub/rest/test_bundle.py",),
    ),
    Fault(
        "a module that is imported twice runs twice",
        "hub/rest/bundle.py",
        "        if path in order:\n            return\n",
        "",
        ("tests/hub/rest/test_bundle.py",),
    ),
    Fault(
        "a sign-out that the server could not be told is forgotten",
        "hub/web/app/shell/identity.js",
        "  #isLeaving = kept(PENDING) !== null;",
        "  #isLeaving = false;",
        PEOPLE,
    ),
    Fault(
        "a name may say in which order it is read",
        "hub/web/app/dom/text.js",
        '  return name.replace(ORDERING, "");',
        "  return name;",
        UNITS,
    ),
    Fault(
        "what is out of view counts as read",
        "hub/web/app/conversation/conversation_view.js",
        "    return this.#isLoaded && this.#messages.isAtEnd && isLooking();",
        "    return this.#isLoaded && isLooking();",
        READING,
    ),
    Fault(
        "what is read in a window behind others counts as seen",
        "hub/web/app/dom/attention.js",
        "  return !document.hidden && document.hasFocus();",
        "  return !document.hidden;",
        READING,
    ),
    Fault(
        "the list takes the focus away when it is drawn",
        "hub/web/app/dom/keyed.js",
        '  const fixed = wanted.findIndex((child) => child.matches(":focus-within, :active"));',
        "  const fixed = -1;",
        READING,
    ),
    Fault(
        "what is in view jumps when older messages come",
        "hub/web/app/conversation/messages/scroll_anchor.js",
        "      this.#scroll.scrollTop = element.offsetTop - this.#top;\n",
        "",
        READING,
    ),
    Fault(
        "all messages that were loaded are drawn",
        "hub/web/app/conversation/messages/message_window.js",
        "    return messages.slice(...this.#range(messages));",
        "    return [...messages];",
        READING,
    ),
    Fault(
        "each message is drawn when it comes",
        "hub/web/app/dom/redraw.js",
        "    if (this.#frame !== null) return;\n",
        "    if (this.#frame === null) return this.#draw();\n",
        READING,
    ),
    Fault(
        "the lines of fields are hardly to be seen",
        "hub/web/app/style/tokens.css",
        "  --line: #868d9a;\n",
        "  --line: #d9dce3;\n",
        (*COLOURS, *LOOKS),
    ),
    Fault(
        "what is explained is hardly to be read",
        "hub/web/app/style/tokens.css",
        "  --faint: #5a6170;\n",
        "  --faint: #7d8595;\n",
        COLOURS,
    ),
    Fault(
        "what is pressed on a phone is too small for a finger",
        "hub/web/app/style/tokens.css",
        "    --control: 44px;\n",
        "    --control: 40px;\n",
        LOOKS,
    ),
    Fault(
        "messages stand far apart",
        "hub/web/app/style/messages.css",
        ".bubble.first {\n  margin-top: 10px;\n",
        ".bubble.first {\n  margin-top: 16px;\n",
        LOOKS,
    ),
    Fault(
        "a long press does nothing",
        "hub/web/app/conversation/messages/message_actions.js",
        "    this.#pressing = setTimeout(() => this.#openFor(target), LONG_PRESS_MS);\n",
        "",
        LOOKS,
    ),
    Fault(
        "Back changes the address and not the page",
        "hub/web/app/shell/app_shell.js",
        '    globalThis.addEventListener("popstate", '
        "() => void this.#open(placeNow()), { signal });\n",
        "",
        LOOKS,
    ),
    Fault(
        "what people write becomes markup",
        "hub/web/app/dom/elements.js",
        "  for (const child of children) if (child) element.append(child);",
        '  for (const child of children) if (typeof child === "string") '
        'element.insertAdjacentHTML("beforeend", child); else if (child) '
        "element.append(child);",
        CONVERSATIONS,
    ),
    Fault(
        "the page loads pictures of other sites",
        "hub/web/app/conversation/messages/bubble.js",
        '  if (!fileUrl?.startsWith("/uploads/")) {',
        "  if (!fileUrl) {",
        CONVERSATIONS,
    ),
    Fault(
        "what one user wrote is sent by the next",
        "hub/web/sdk/client.js",
        "`parlour.outbox.${this.#dialect.name}.${me.id}.`",
        "`parlour.outbox.${this.#dialect.name}.`",
        UNITS,
    ),
)

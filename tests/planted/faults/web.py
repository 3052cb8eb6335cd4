"""Faults in the JavaScript SDK and the page."""

from typing import Final

from tests.planted.fault import Fault

UNITS: Final = ("tests/hub/web/test_sdk_units.py",)
PAGE: Final = ("tests/e2e/test_browser.py",)

FAULTS: Final[tuple[Fault, ...]] = (
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
        "  renew() {\n    this.#token = null;\n",
        "  renew() {\n",
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
        '(Object.keys(after).length > 0 ? { type: "resume", after } : null)',
        '({ type: "resume", after })',
        UNITS,
    ),
    Fault(
        "what was read still counts as unread",
        "hub/web/app/conversation/conversations.js",
        "    if (conversation === undefined) return;\n    conversation.unread = 0;\n",
        "    if (conversation === undefined) return;\n",
        PAGE,
    ),
    Fault(
        "what was written is lost when it cannot be sent",
        "hub/web/app/conversation/composer.js",
        "    } catch (error) {\n      this.#say(",
        '    } catch (error) {\n      this.#text.value = "";\n      this.#say(',
        PAGE,
    ),
    Fault(
        "another tab goes on as who was signed in before",
        "hub/web/app/shell/identity.js",
        "    if (this.#tabs !== null) this.#tabs.onmessage = "
        "({ data }) => this.#changedElsewhere(data);\n",
        "",
        PAGE,
    ),
    Fault(
        "a sign-out that the server could not be told is forgotten",
        "hub/web/app/shell/identity.js",
        "  #isLeaving = kept(PENDING) !== null;",
        "  #isLeaving = false;",
        PAGE,
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
        PAGE,
    ),
    Fault(
        "what is read in a window behind others counts as seen",
        "hub/web/app/dom/attention.js",
        "  return !document.hidden && document.hasFocus();",
        "  return !document.hidden;",
        PAGE,
    ),
    Fault(
        "the list takes the focus away when it is drawn",
        "hub/web/app/dom/keyed.js",
        '  const fixed = wanted.findIndex((child) => child.matches(":focus-within, :active"));',
        "  const fixed = -1;",
        PAGE,
    ),
    Fault(
        "what is in view jumps when older messages come",
        "hub/web/app/conversation/messages/scroll_anchor.js",
        "      this.#scroll.scrollTop = element.offsetTop - this.#top;\n",
        "",
        PAGE,
    ),
    Fault(
        "all messages that were loaded are drawn",
        "hub/web/app/conversation/messages/message_window.js",
        "    return messages.slice(...this.#range(messages));",
        "    return [...messages];",
        PAGE,
    ),
    Fault(
        "each message is drawn when it comes",
        "hub/web/app/dom/redraw.js",
        "    if (this.#frame !== null) return;\n",
        "    if (this.#frame === null) return this.#draw();\n",
        PAGE,
    ),
    Fault(
        "the lines of fields are hardly to be seen",
        "hub/web/app/style/tokens.css",
        "  --line: #868d9a;\n",
        "  --line: #d9dce3;\n",
        PAGE,
    ),
    Fault(
        "what is pressed on a phone is too small for a finger",
        "hub/web/app/style/tokens.css",
        "    --control: 44px;\n",
        "    --control: 40px;\n",
        PAGE,
    ),
    Fault(
        "messages stand far apart",
        "hub/web/app/style/messages.css",
        ".bubble.first {\n  margin-top: 10px;\n",
        ".bubble.first {\n  margin-top: 16px;\n",
        PAGE,
    ),
    Fault(
        "a long press does nothing",
        "hub/web/app/conversation/messages/message_actions.js",
        "    this.#pressing = setTimeout(() => this.#openFor(target), LONG_PRESS_MS);\n",
        "",
        PAGE,
    ),
    Fault(
        "Back changes the address and not the page",
        "hub/web/app/shell/app_shell.js",
        '    globalThis.addEventListener("popstate", '
        "() => void this.#open(placeNow()), { signal });\n",
        "",
        PAGE,
    ),
    Fault(
        "what people write becomes markup",
        "hub/web/app/dom/elements.js",
        "  for (const child of children) if (child) element.append(child);",
        '  for (const child of children) if (typeof child === "string") '
        'element.insertAdjacentHTML("beforeend", child); else if (child) '
        "element.append(child);",
        PAGE,
    ),
    Fault(
        "the page loads pictures of other sites",
        "hub/web/app/conversation/messages/bubble.js",
        '  if (!fileUrl?.startsWith("/uploads/")) {',
        "  if (!fileUrl) {",
        PAGE,
    ),
    Fault(
        "what one user wrote is sent by the next",
        "hub/web/sdk/client.js",
        "`parlour.outbox.${this.#dialect.name}.${me.id}.`",
        "`parlour.outbox.${this.#dialect.name}.`",
        UNITS,
    ),
)

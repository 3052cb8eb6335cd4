"""Faults in the page, and in what serves it."""

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
        "a link signs a browser in on every hub",
        "hub/rest/web.py",
        '        "isDemo": is_demo,\n',
        '        "isDemo": True or is_demo,\n',
        ("tests/hub/cli/test_demo.py", "tests/hub/rest/test_web.py"),
    ),
    Fault(
        "what comes while the list is loaded hides what was unread before",
        "hub/web/app/conversation/conversations.js",
        "        conversation.unread = listed.unread_count + cameAfter(conversation, listed);",
        "        conversation.unread += 0;",
        UNITS,
    ),
    Fault(
        "a message that was searched for is shown without what stands around it",
        "hub/web/app/finding/past_view.js",
        "{ around, limit: PAGE_SIZE }",
        "{ around, limit: 1 }",
        CONVERSATIONS,
    ),
    Fault(
        "the list of what is pinned stays as it was",
        "hub/web/app/finding/pins.js",
        "detail.conversationId === id && void this.#load(client)",
        "detail.conversationId === 0 && void this.#load(client)",
        CONVERSATIONS,
    ),
    Fault(
        "a file that is called like a link looks like one",
        "hub/web/app/conversation/messages/bubble.js",
        "? text : stored",
        "? text : text",
        CONVERSATIONS,
    ),
    Fault(
        "what is typed in the panel of channels is gone when it is drawn again",
        "hub/web/app/panels/workspaces.js",
        "    this.#forms.set(key, form);\n",
        "",
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
        "a deleted message still counts as unread",
        "hub/web/app/conversation/conversations.js",
        "if (!isGone || conversation.unread === 0) return;",
        "if (isGone || conversation.unread === 0) return;",
        CONVERSATIONS,
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
        "this.#past === null && this.#messages.isAtEnd && isLooking();",
        "this.#past === null && isLooking();",
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
        "what moves beneath a pointer at rest takes the buttons from who uses the keys",
        "hub/web/app/conversation/messages/message_actions.js",
        '    return isAtRest && this.#list.querySelector(":focus-visible") !== null;\n',
        "    return false;\n",
        READING,
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
        "a link that reads as another host does not say so",
        "hub/web/app/dom/text.js",
        "...(isHonest ? {} : { host: hostname })",
        "...(isHonest ? {} : {})",
        UNITS,
    ),
    Fault(
        "two people of one name look the same",
        "hub/web/app/conversation/conversations.js",
        "    conversation.isNamesake = true;\n",
        "",
        READING,
    ),
    Fault(
        "whoever does not forward a message is taken away from it",
        "hub/web/app/conversation/messages/forward_dialog.js",
        "    dialog.remove();\n    onClosed();\n",
        "    dialog.remove();\n",
        CONVERSATIONS,
    ),
)

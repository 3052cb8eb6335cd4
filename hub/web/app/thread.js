/** One conversation or channel: its messages, who types, and where one writes. */

import { Attachments } from "./attachments.js";
import { bubble, lookOf, quote } from "./bubble.js";
import { announce, day, face, h } from "./dom.js";
import { draftOf, keepDraft } from "./drafts.js";

const MAX_CHARS = 10_000;
const NEAR = 120; // pixels from an edge

export class Thread {
  parts;
  #room;
  #onRead;
  #scroll;
  #state;
  #typing;
  #typists = new Map(); // who -> what they are called
  #box;
  #count;
  #send;
  #files;
  #answered = null; // the message that is being answered
  #answering;
  #hasOlder = true;
  #isLoading = false;
  #hasFailed = false; // to load older messages
  #drawn = new Map(); // key or id of a message -> its element
  #jump;
  #unread; // how many of the newest messages were not read when it was opened
  #firstUnread = null; // the seq of the first of them
  #wasAtEnd = true;
  #resized = new ResizeObserver(() => this.#wasAtEnd && this.#toEnd());
  #seen = () => this.#markSeen();

  /**
   * @param {Room} room
   * @param {{ onBack: () => void, onRead: () => void }} heard
   */
  constructor(room, { onBack, onRead }) {
    this.#room = room;
    this.#onRead = onRead;
    this.#unread = room.unread;
    this.#jump = h(
      "button.jump",
      {
        type: "button",
        hidden: true,
        "aria-label": "To the newest messages",
        onclick: () => this.#toEnd(),
      },
      "↓",
    );
    this.#state = h("div.state", {});
    this.#typing = h("div.typing", { "aria-live": "polite" });
    this.#scroll = h("div.scroll", {
      role: "log",
      "aria-label": `Messages with ${room.name}`,
      tabindex: "0",
      onscroll: () => this.#scrolled(),
    });
    this.#count = h("span.count", { role: "status" });
    this.#answering = h("div.answering", { hidden: true });
    this.#files = new Attachments(room, () => this.#toEnd());
    this.#box = h("textarea", {
      rows: "1",
      placeholder: room.isChannel ? "Message, or @AI and a question" : "Message",
      "aria-label": `Message to ${room.name}`,
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#pressed(event),
      onpaste: (event) => this.#take(event, event.clipboardData.files),
    });
    this.#send = h("button.button.primary", { disabled: true }, "Send");
    const log = h("div.log", {}, this.#scroll, this.#jump);
    this.parts = [this.#header(onBack), log, this.#typing, this.#form()];
  }

  async begin() {
    document.addEventListener("visibilitychange", this.#seen);
    this.#resized.observe(this.#scroll);
    this.presence(this.#room.key, this.#room.isOnline);
    if (this.#room.isChannel) this.#state.textContent = this.#room.workspace.name;
    this.#box.value = draftOf(this.#room);
    this.#measure();
    this.#box.focus({ preventScroll: true });
    this.#draw();
    if (this.#messages().length < 30) await this.#loadOlder();
    this.#markUnread();
    this.#toEnd();
    this.#markSeen();
  }

  leave() {
    document.removeEventListener("visibilitychange", this.#seen);
    this.#resized.disconnect();
  }

  heard(key, message) {
    if (key !== this.#room.key) return;
    const wasAtEnd = this.#isAtEnd();
    this.#draw();
    if (wasAtEnd || message?.isMine) this.#toEnd();
    if (message !== null && !message.isMine) this.#markSeen();
  }

  refresh(key) {
    if (key === this.#room.key) this.#draw();
  }

  typing(key, who, isTyping) {
    if (key !== this.#room.key) return;
    if (isTyping) this.#typists.set(who, this.#room.isChannel ? who : this.#room.title);
    else this.#typists.delete(who);
    const names = [...this.#typists.values()];
    const dots = h("span.dots", { "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    const words = `${names.join(", ")} ${names.length > 1 ? "are" : "is"} typing…`;
    this.#typing.replaceChildren(...(names.length ? [dots, words] : []));
  }

  presence(key, isOnline) {
    if (key !== this.#room.key || this.#room.isChannel) return;
    this.#state.textContent = isOnline ? "online" : "";
  }

  revoked(key) {
    if (key !== this.#room.key) return;
    this.#box.disabled = true;
    this.#send.disabled = true;
    this.#state.textContent = "This conversation is closed.";
    announce("This conversation is closed.");
  }

  #messages() {
    return this.#room.client.messages(this.#room.place);
  }

  #header(onBack) {
    const { title, isChannel } = this.#room;
    return h(
      "header",
      {},
      h("button.button.quiet.back", { onclick: onBack, "aria-label": "Back to the list" }, "←"),
      isChannel ? h("span.face.channel", { "aria-hidden": "true" }, "#") : face(title),
      h("div.who", {}, h("h2", {}, title), this.#state),
    );
  }

  #form() {
    const submit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    const input = h("input.unseen", {
      type: "file",
      multiple: true,
      "aria-label": "Send files",
      tabindex: "-1",
      onchange: () => {
        this.#files.add(input.files);
        input.value = "";
      },
    });
    const attach = h(
      "button.button.quiet",
      { type: "button", "aria-label": "Attach files", onclick: () => input.click() },
      h("span.clip"),
    );
    return h(
      "form.compose",
      {
        onsubmit: submit,
        ondragover: (event) => event.preventDefault(),
        ondrop: (event) => this.#take(event, event.dataTransfer.files),
      },
      this.#files.element,
      this.#answering,
      h("div.row", {}, attach, input, this.#box, this.#count, this.#send),
    );
  }

  // Writing.

  /** Files that were pasted or dropped. */
  #take(event, files) {
    if (!files.length) return;
    event.preventDefault();
    this.#files.add(files);
  }

  #typed() {
    this.#measure();
    keepDraft(this.#room, this.#box.value);
    if (!this.#send.disabled) this.#room.client.typing(this.#room.place);
  }

  #measure() {
    const size = [...this.#box.value].length;
    this.#box.style.height = "auto";
    this.#box.style.height = `${this.#box.scrollHeight + 2}px`;
    this.#count.textContent = size > MAX_CHARS ? `${size - MAX_CHARS} characters too long` : "";
    this.#send.disabled = this.#box.value.trim() === "" || size > MAX_CHARS;
  }

  #pressed(event) {
    if (event.key === "Escape") this.#answer(null);
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #answer(message) {
    this.#answered = message;
    this.#answering.hidden = message === null;
    const drop = {
      type: "button",
      "aria-label": "Do not reply",
      onclick: () => this.#answer(null),
    };
    this.#answering.replaceChildren(
      ...(message === null
        ? []
        : [quote(message, () => this.#show(message)), h("button.button.quiet", drop, "✕")]),
    );
    this.#box.focus();
  }

  #submit() {
    this.#measure();
    if (this.#send.disabled) return;
    const content = this.#box.value;
    const parentId = this.#answered?.id ?? null;
    this.#box.value = "";
    this.#typed();
    if (this.#answered !== null) this.#answer(null);
    this.#room.client.send(this.#room.place, content, { parentId });
  }

  // Reading.

  /** Where what was not read yet began, for as long as it is looked at. */
  #markUnread() {
    const theirs = this.#messages().filter((message) => !message.isMine);
    if (this.#unread === 0 || theirs.length === 0) return;
    this.#firstUnread = theirs.at(-Math.min(this.#unread, theirs.length)).seq;
    this.#draw();
  }

  #markSeen() {
    if (document.hidden) return;
    this.#onRead();
    this.#room.client.markRead(this.#room.place).catch(() => {}); // it is marked with the next one
  }

  async #loadOlder() {
    if (this.#isLoading || !this.#hasOlder) return;
    this.#isLoading = true;
    this.#hasFailed = false;
    this.#draw();
    const fromEnd = this.#scroll.scrollHeight - this.#scroll.scrollTop;
    try {
      this.#hasOlder = await this.#room.client.loadOlder(this.#room.place);
    } catch (error) {
      if (error.status === 404 || error.status === 403) this.#hasOlder = false;
      else this.#hasFailed = true;
    }
    this.#isLoading = false;
    this.#draw();
    this.#scroll.scrollTop = this.#scroll.scrollHeight - fromEnd; // what was in view stays
  }

  #scrolled() {
    this.#wasAtEnd = this.#isAtEnd();
    this.#jump.hidden = this.#wasAtEnd;
    if (this.#scroll.scrollTop < NEAR * 4) this.#loadOlder();
  }

  #isAtEnd() {
    return this.#scroll.scrollHeight - this.#scroll.scrollTop - this.#scroll.clientHeight < NEAR;
  }

  #toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  #show(message) {
    this.#drawn.get(nameOf(message))?.element.scrollIntoView({ block: "center" });
  }

  #draw() {
    const messages = this.#messages();
    const byId = new Map(messages.map((message) => [message.id, message]));
    const wanted = [];
    const drawn = new Map();
    let today = null;
    let author = null;
    for (const message of messages) {
      const date = day(message.at);
      if (date !== today) {
        wanted.push(this.#kept(drawn, `day ${date}`, date, () => h("div.day", {}, date)));
        author = null;
      }
      today = date;
      if (message.seq !== null && message.seq === this.#firstUnread) {
        wanted.push(this.#kept(drawn, "new", "", () => h("div.day.new", {}, "New messages")));
      }
      const quoted = byId.get(message.parentId) ?? null;
      const hasName = !message.isMine && message.authorName !== null && message.author !== author;
      author = message.author;
      const make = () => this.#bubble(message, quoted, hasName);
      wanted.push(this.#kept(drawn, nameOf(message), lookOf(message, quoted, hasName), make));
    }
    wanted.unshift(...this.#beginning(messages.length === 0));
    this.#drawn = drawn;
    place(this.#scroll, wanted);
  }

  /** What stands above the messages, or instead of them. */
  #beginning(isEmpty) {
    if (this.#hasFailed) {
      const again = { type: "button", onclick: () => this.#loadOlder() };
      const text = "Older messages could not be loaded. ";
      return [h("p.empty", {}, text, h("button.button", again, "Try again"))];
    }
    if (!isEmpty) return [];
    return [h("p.empty", {}, this.#isLoading ? "Loading…" : "No messages yet. Say hello.")];
  }

  #bubble(message, quoted, hasName) {
    const { client } = this.#room;
    return bubble(message, {
      quoted,
      hasName,
      address: (fileUrl) => client.fileAddress(fileUrl),
      onReply: () => this.#answer(message),
      onRetry: () => client.retry(message),
      onDiscard: () => client.discard(message),
      onQuote: () => this.#show(quoted),
    });
  }

  /** The element of before if it looks the same. */
  #kept(drawn, name, look, make) {
    const before = this.#drawn.get(name);
    const kept = before?.look === look ? before : { look, element: make() };
    drawn.set(name, kept);
    return kept.element;
  }
}

function nameOf(message) {
  return message.key === null ? `id ${message.id}` : `key ${message.key}`;
}

/** Make `parent` hold these children in this order, touching only what differs. */
function place(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
  let at = parent.firstChild;
  for (const child of wanted) {
    if (child === at) at = at.nextSibling;
    else parent.insertBefore(child, at);
  }
}

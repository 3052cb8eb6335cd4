/** One conversation: its messages, who types, and where one writes. */

import { Status } from "../sdk/parlour.js";
import { announce, clock, day, face, h, linked } from "./dom.js";

const MAX_CHARS = 10_000;
const NEAR = 120; // pixels from an edge
const MARKS = {
  [Status.SENDING]: ["◷", "sending"],
  [Status.SENT]: ["✓", "sent"],
  [Status.READ]: ["✓✓", "read"],
  [Status.FAILED]: ["!", "not sent"],
};

export class Thread {
  parts;
  #client;
  #user;
  #onRead;
  #scroll;
  #state;
  #typing;
  #box;
  #count;
  #send;
  #hasOlder = true;
  #isLoading = false;
  #drawn = new Map(); // key or id of a message -> its element
  #isOnline;
  #seen = () => this.#markSeen();

  constructor(client, user, { isOnline, onBack, onRead }) {
    this.#client = client;
    this.#user = user;
    this.#onRead = onRead;
    this.#isOnline = isOnline;
    this.#state = h("div.state", {});
    this.#typing = h("div.typing", { "aria-live": "polite" });
    this.#scroll = h("div.scroll", {
      role: "log", "aria-label": `Messages with ${user.name}`, tabindex: "0",
      onscroll: () => this.#scrolled(),
    });
    this.#count = h("span.count", { role: "status" });
    this.#box = h("textarea", {
      rows: "1", placeholder: "Message", "aria-label": `Message to ${user.name}`,
      oninput: () => this.#typed(), onkeydown: (event) => this.#pressed(event),
    });
    this.#send = h("button.button.primary", { disabled: true }, "Send");
    const submit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    this.parts = [
      h(
        "header",
        {},
        h("button.button.quiet.back", { onclick: onBack, "aria-label": "Back to the list" }, "←"),
        face(user.name),
        h("div.who", {}, h("h2", {}, user.name), this.#state),
      ),
      this.#scroll,
      this.#typing,
      h("form.compose", { onsubmit: submit }, this.#box, this.#count, this.#send),
    ];
  }

  async begin() {
    document.addEventListener("visibilitychange", this.#seen);
    this.presence(this.#user.id, this.#isOnline);
    this.#box.focus({ preventScroll: true });
    this.#draw();
    if (this.#client.messages(this.#user.id).length < 30) await this.#loadOlder();
    this.#toEnd();
    this.#markSeen();
  }

  leave() {
    document.removeEventListener("visibilitychange", this.#seen);
  }

  heard(peer, message) {
    if (peer !== this.#user.id) return;
    const wasAtEnd = this.#isAtEnd();
    this.#draw();
    if (wasAtEnd || message?.isMine) this.#toEnd();
    if (message !== null && !message.isMine) this.#markSeen();
  }

  refresh(peer) {
    if (peer === this.#user.id) this.#draw();
  }

  typing(peer, isTyping) {
    if (peer !== this.#user.id) return;
    const dots = h("span.dots", { "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    this.#typing.replaceChildren(...(isTyping ? [dots, `${this.#user.name} is typing…`] : []));
  }

  presence(peer, isOnline) {
    if (peer === this.#user.id) this.#state.textContent = isOnline ? "online" : "";
  }

  revoked(peer) {
    if (peer !== this.#user.id) return;
    this.#box.disabled = true;
    this.#send.disabled = true;
    this.#state.textContent = "This conversation is closed.";
    announce("This conversation is closed.");
  }

  // Writing.

  #typed() {
    const size = [...this.#box.value].length;
    this.#box.style.height = "auto";
    this.#box.style.height = `${this.#box.scrollHeight + 2}px`;
    this.#count.textContent = size > MAX_CHARS ? `${size - MAX_CHARS} characters too long` : "";
    this.#send.disabled = this.#box.value.trim() === "" || size > MAX_CHARS;
    if (!this.#send.disabled) this.#client.typing(this.#user.id);
  }

  #pressed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    this.#typed();
    if (this.#send.disabled) return;
    const content = this.#box.value;
    this.#box.value = "";
    this.#typed();
    this.#client.send(this.#user.id, content);
  }

  // Reading.

  #markSeen() {
    if (document.hidden) return;
    this.#onRead();
    this.#client.markRead(this.#user.id).catch(() => {}); // it is marked with the next one
  }

  async #loadOlder() {
    if (this.#isLoading || !this.#hasOlder) return;
    this.#isLoading = true;
    const fromEnd = this.#scroll.scrollHeight - this.#scroll.scrollTop;
    try {
      this.#hasOlder = await this.#client.loadOlder(this.#user.id);
      this.#draw();
      this.#scroll.scrollTop = this.#scroll.scrollHeight - fromEnd; // what was in view stays
    } catch (error) {
      if (error.status === 404 || error.status === 403) this.#hasOlder = false;
    } finally {
      this.#isLoading = false;
    }
  }

  #scrolled() {
    if (this.#scroll.scrollTop < NEAR * 4) this.#loadOlder();
  }

  #isAtEnd() {
    return this.#scroll.scrollHeight - this.#scroll.scrollTop - this.#scroll.clientHeight < NEAR;
  }

  #toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  #draw() {
    const messages = this.#client.messages(this.#user.id);
    const wanted = [];
    const drawn = new Map();
    let today = null;
    for (const message of messages) {
      const date = day(message.at);
      if (date !== today) {
        wanted.push(this.#kept(drawn, `day ${date}`, date, () => h("div.day", {}, date)));
        today = date;
      }
      const look = `${message.status} ${message.failure}`;
      const name = message.key === null ? `id ${message.id}` : `key ${message.key}`;
      wanted.push(this.#kept(drawn, name, look, () => this.#bubble(message)));
    }
    if (!messages.length) wanted.push(h("p.empty", {}, "No messages yet. Say hello."));
    this.#drawn = drawn;
    place(this.#scroll, wanted);
  }

  /** The element of before if it looks the same. */
  #kept(drawn, name, look, make) {
    const before = this.#drawn.get(name);
    const kept = before?.look === look ? before : { look, element: make() };
    drawn.set(name, kept);
    return kept.element;
  }

  #bubble(message) {
    const [mark, word] = MARKS[message.status];
    const isFailed = message.status === Status.FAILED;
    const again = () => this.#client.retry(message);
    const forget = () => this.#client.discard(message);
    return h(
      `div.bubble.${message.isMine ? "mine" : "theirs"}${isFailed ? ".failed" : ""}`,
      { "data-status": message.isMine ? message.status : null },
      h("p.words", { dir: "auto" }, ...linked(message.content)),
      h(
        "div.meta",
        {},
        clock(message.at),
        message.isMine && h("span", { "aria-label": word, role: "img" }, ` ${mark}`),
        isFailed && ` ${message.failure}`,
        isFailed && h("button", { type: "button", onclick: again }, "Send again"),
        isFailed && h("button", { type: "button", onclick: forget }, "Discard"),
      ),
    );
  }
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

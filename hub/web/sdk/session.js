/**
 * The state of one signed-in user: the known conversations, unsent messages, who types. It handles what
 * the hub sends, live or over REST, and requests what was missed.
 *
 * It must not know when there is a connection, nor the wire format of a dialect.
 */

import { Learning } from "./learning.js";
import { Listing } from "./listing.js";
import { DeliveryReceipts } from "./messages/delivery_receipts.js";
import { Status } from "./messages/message.js";
import { History } from "./messages/history.js";
import { Resuming } from "./resuming.js";
import { KnownNotes } from "./notes/known_notes.js";
import { Notes } from "./notes/notes.js";
import { Revisions } from "./revisions/revisions.js";
import { Sender } from "./messages/sender.js";
import { Threads } from "./messages/threads.js";
import { Timelines } from "./messages/timelines.js";
import { Typing } from "./messages/typing.js";

/**
 * @import { ClientEvents, ConversationId, MessageStatus, UserId } from "./parlour.js"
 * @import { ConnectionLoop } from "./connection/connection_loop.js"
 * @import { Log } from "./connection/log.js"
 * @import { Rest } from "./connection/rest.js"
 * @import { Dialect, ServerEvent, UpTo } from "./dialects/dialect.d.ts"
 * @import { StoredMessage } from "./messages/message.js"
 * @import { Outbox } from "./messages/outbox.js"
 * @import { Emit } from "./messages/sender.js"
 */

/**
 * @template {{ id: UserId }} Me
 * @template Listed
 * @typedef {object} Parts
 * @property {Listing<Listed>} listing of which `listed` is the first page
 * @property {Dialect<Me, Listed>} dialect
 * @property {Rest} rest
 * @property {Log} log which the hub has, as far as it is known
 * @property {ConnectionLoop} connection
 * @property {Outbox} outbox
 * @property {Emit} emit dispatches an event of the client
 */

/**
 * @template {{ id: UserId }} Me
 * @template Listed a conversation, as the hub lists them
 */
export class Session {
  /** @readonly */
  me;
  /** @readonly */
  timelines;
  /** @readonly */
  sender;
  /** @readonly */
  typing;
  /** @readonly */
  threads;
  /** @readonly */
  revisions;
  /** @readonly */
  notes;
  /** @readonly */
  history;
  #receipts;
  #learning;
  #resuming;
  #dialect;
  #rest;
  #log;
  #connection;
  #emit;
  #isFresh = false; // whether the timelines were reset on this connection
  #beginnings = 0; // how often they were reset: responses to earlier requests are of another log

  /**
   * @param {Me} me
   * @param {Listed[]} listed the conversations of the first page
   * @param {Parts<Me, Listed>} parts
   */
  constructor(me, listed, { listing, dialect, rest, log, connection, outbox, emit }) {
    this.me = me;
    this.timelines = new Timelines(new Map(listed.map(dialect.head)));
    this.sender = new Sender(outbox, this.timelines, connection, dialect.messageFrame, emit);
    this.typing = new Typing(
      (conversationId, isTyping) => connection.send(dialect.typingFrame(conversationId, isTyping)),
      (conversationId, who, isTyping) => emit("typing", { conversationId, who, isTyping }),
    );
    this.#receipts = new DeliveryReceipts((message) =>
      connection.send(dialect.receiptFrame(message)),
    );
    const { timelines, sender } = this;
    const known = new KnownNotes();
    this.threads = new Threads(me.id, { timelines, dialect, rest, emit, notes: known });
    const { threads } = this;
    const resume = () => this.#resuming.askOnce();
    this.history = new History(me.id, { timelines, sender, dialect, rest, notes: known });
    this.notes = new Notes(me.id, known, { timelines, threads, dialect, rest, emit, resume });
    this.revisions = new Revisions(me.id, { timelines, threads, dialect, rest, connection, emit });
    this.#dialect = dialect;
    this.#rest = rest;
    this.#log = log;
    this.#connection = connection;
    this.#emit = emit;
    const learn = {
      know: (/** @type {Listed[]} */ more) => this.#know(more),
      resume: () => this.resume(),
    };
    this.#learning = new Learning(listing, timelines, dialect, rest, learn);
    const { notes } = this;
    const learning = this.#learning;
    this.#resuming = new Resuming({ timelines, notes, dialect, log, connection, learning });
    this.#know(listed);
  }

  /** Request what was missed. */
  resume() {
    this.#resuming.ask();
  }

  disconnected() {
    this.#isFresh = false;
    this.#resuming.disconnected();
    this.#receipts.disconnected();
    this.typing.disconnected();
  }

  /** @param {unknown} frame of the hub */
  receive(frame) {
    let event;
    try {
      event = this.#dialect.parse(frame, this.me.id);
    } catch (error) {
      this.#emit("problem", { code: "malformed", text: `A frame could not be decoded: ${error}` });
      return; // one broken message stops no other
    }
    if (event !== null) this.#act(event);
  }

  /** One round over REST: send what is unsent, then load what others wrote. */
  async poll() {
    const me = this.me.id;
    await this.sender.postAll(async (entry) => {
      const stored = await this.#dialect.post(this.#rest, me, entry);
      this.#receiveMessage({ ...stored, key: entry.key }, false); // others may have written before it
    });
    await this.revisions.submit();
    if (!this.#learning.isWhole) this.#learning.inTime();
    const before = Object.assign({}, ...this.timelines.positions()); // the heads are requested later
    const listing = new Listing(this.#rest, this.#dialect.listPath);
    const listed = await (this.#dialect.listsNewestFirst ? listing.some() : listing.all());
    const heads = listed.map(this.#dialect.head);
    if (heads.some(([conversationId, head]) => head < before[conversationId])) this.startAnew();
    const beginnings = this.#beginnings;
    for (const [conversationId, head] of heads) {
      const known = this.timelines.lastSeq(conversationId);
      if (head <= known) continue;
      // biome-ignore lint/performance/noAwaitInLoops: a round of polling is not urgent
      const missed = await this.#dialect.newer(this.#rest, me, conversationId, known);
      if (beginnings !== this.#beginnings) return; // the next round requests what the log has now
      for (const message of missed) this.#receiveMessage(message);
      if (missed.length === 0) this.timelines.follow(new Map([[conversationId, head]])); // all deleted
    }
    await this.revisions.reread(listed, () => beginnings === this.#beginnings);
    this.notes.know(listed);
  }

  /** @param {ConversationId} conversationId */
  async markRead(conversationId) {
    const timeline = this.timelines.get(conversationId);
    await this.#dialect.markRead(this.#rest, conversationId, timeline);
  }

  /** @param {ServerEvent} event */
  #act(event) {
    switch (event.kind) {
      case "message":
        if (this.#dialect.followsAll || this.timelines.isFollowed(event.message.conversationId))
          this.#receiveMessage(event.message);
        break;
      case "welcome":
        if (this.#log.is(event.epoch)) this.#startOver();
        break;
      case "revised":
        this.revisions.told(event);
        break;
      case "resumed":
        this.#resumed(event);
        break;
      case "noted":
      case "hidden":
        this.notes.told(event);
        break;
      case "threaded":
        this.threads.toldFollower(event.conversationId, event.thread);
        break;
      case "typing":
        this.typing.received(event.conversationId, event.who, event.isTyping);
        break;
      case "read":
        this.#read(event);
        break;
      case "delivered":
        this.#mark(event.conversationId, event.upTo, Status.DELIVERED);
        this.#emit("delivered", { conversationId: event.conversationId });
        break;
      case "channels":
        this.#follow(event.channels);
        break;
      case "presence":
      case "mention":
      case "invitations":
      case "revoked":
      case "request":
      case "announcement": {
        const { kind, ...detail } = event;
        this.#emit(kind, detail);
        break;
      }
      case "error": {
        const { code, text, key } = event;
        const isOurs = key !== null && this.sender.refuse(key, code, text);
        if (!isOurs) this.#emit("problem", { code, text });
        break;
      }
      default:
        assertNever(event);
    }
  }

  /** @param {Extract<ServerEvent, { kind: "read" }>} event */
  #read({ conversationId, isMine, upTo }) {
    if (!isMine) this.#mark(conversationId, upTo, Status.READ);
    this.#emit("read", { conversationId, isMine, upTo });
  }

  /** @type {(conversationId: ConversationId, upTo: UpTo, status: MessageStatus) => void} */
  #mark(conversationId, upTo, status) {
    this.timelines.get(conversationId).mark(upTo, status);
    this.threads.mark(conversationId, upTo, status);
  }

  /** @param {Listed[]} listed as they are now */
  #know(listed) {
    this.revisions.know(listed);
    this.notes.know(listed);
  }

  /** @param {ClientEvents["channels"]["channels"]} channels */
  #follow(channels) {
    const more = channels.filter(({ id }) => !this.timelines.isFollowed(id));
    this.timelines.follow(new Map(more.map(({ id, lastSeq }) => [id, lastSeq])));
    if (more.length > 0) this.resume();
    this.#emit("channels", { channels });
  }

  /** A response showed another log, so frames on this connection are of another log, too. */
  startAnew() {
    this.#startOver();
    this.#connection.leave();
  }

  /** The hub's log went back: a failover, or a restored backup. */
  #startOver() {
    this.#isFresh = true;
    this.#beginnings += 1;
    this.timelines.startOver();
    this.revisions.startOver();
    this.threads.startOver();
    this.history.startOver();
    this.notes.startOver();
    this.#emit("reset", {});
  }

  /** @param {Extract<ServerEvent, { kind: "resumed" }>} event */
  #resumed({ complete: isComplete, reset: isReset, revs, notes }) {
    if (isReset && !this.#isFresh) {
      this.startAnew(); // what was sent was merged into the old timelines
      return;
    }
    this.revisions.toldUpTo(revs);
    if (notes !== null) this.notes.toldUpTo(notes, isReset);
    if (!this.#resuming.answered(isComplete)) return;
    this.#connection.resumed();
    this.sender.resubmit();
    void this.revisions.submit();
    if (this.#learning.isOnlyNamed || !this.#learning.isWhole) this.#learning.inTime();
  }

  /**
   * @param {StoredMessage} message
   * @param {boolean} isInOrder whether everything before it has come
   */
  #receiveMessage(message, isInOrder = true) {
    const { conversationId } = message;
    const isConfirmed = this.sender.confirm(message);
    if (this.notes.isHidden(message.id)) return;
    const timeline = this.timelines.get(conversationId);
    if (!(isInOrder ? timeline.add(message) : timeline.insert(message))) {
      this.revisions.apply(conversationId, message);
      return;
    }
    if (!message.isMine) {
      this.typing.received(conversationId, message.authorName ?? message.author, false);
      this.#receipts.add(message);
    }
    this.threads.received(message);
    this.#emit(isConfirmed ? "changed" : "message", { conversationId, message });
  }
}

/** @param {never} event */
function assertNever(event) {
  throw new Error(`not handled: ${JSON.stringify(event)}`);
}

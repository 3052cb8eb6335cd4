/**
 * What belongs to one signed-in user: their conversations as far as they are known, what is unsent,
 * who types. It acts on what the hub says, live or over REST, and asks for what was missed.
 *
 * It must not know when there is a connection, nor how a dialect says things on the wire.
 */

import { Listing } from "./listing.js";
import { DeliveryReceipts } from "./messages/delivery_receipts.js";
import { Status } from "./messages/message.js";
import { Revisions } from "./messages/revisions.js";
import { Sender } from "./messages/sender.js";
import { Timelines } from "./messages/timelines.js";
import { Typing } from "./messages/typing.js";

/**
 * @import { ClientEvents, ConversationId, UserId } from "./parlour.js"
 * @import { ConnectionLoop } from "./connection/connection_loop.js"
 * @import { Log } from "./connection/log.js"
 * @import { Rest } from "./connection/rest.js"
 * @import { Dialect, ServerEvent } from "./dialects/dialect.d.ts"
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
  revisions;
  #receipts;
  #listing;
  #isWhole; // whether every conversation of the list can be named
  #unanswered = 0; // `resume` frames on this connection
  #isMore = false; // that was missed than what was sent for them
  #isOnlyNamed = false; // what they asked for
  #dialect;
  #rest;
  #log;
  #connection;
  #emit;
  #isFresh = false; // whether they were begun anew on this connection
  #beginnings = 0; // how often they were: what was asked for before is of another log

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
    const { timelines } = this;
    this.revisions = new Revisions(me.id, { timelines, dialect, rest, connection, emit });
    this.#listing = listing;
    this.#isWhole = listing.isWhole;
    this.#dialect = dialect;
    this.#rest = rest;
    this.#log = log;
    this.revisions.know(listed);
    this.#connection = connection;
    this.#emit = emit;
  }

  /** Ask for what was missed in every conversation: what is not named is missed whole, or left out. */
  resume() {
    const parts = this.timelines.positions();
    const isAllNamed = this.#isWhole && parts.length === 1;
    this.#isOnlyNamed = this.#dialect.followsAll && !isAllNamed;
    this.#isMore = false;
    for (const part of parts) {
      const revs = this.timelines.revsOf(part);
      const frame = this.#dialect.resumeFrame(part, this.#log.epoch, this.#isOnlyNamed, revs);
      if (this.#connection.send(frame)) this.#unanswered += 1;
    }
  }

  disconnected() {
    this.#isFresh = false;
    this.#unanswered = 0;
    this.#receipts.disconnected();
    this.typing.disconnected();
  }

  /** @param {unknown} frame of the hub */
  receive(frame) {
    let event;
    try {
      event = this.#dialect.parse(frame, this.me.id);
    } catch (error) {
      this.#emit("problem", { code: "malformed", text: `A frame was not understood: ${error}` });
      return; // one broken message stops no other
    }
    if (event !== null) this.#act(event);
  }

  /** One round over REST: what is unsent, then what others wrote. */
  async poll() {
    const me = this.me.id;
    await this.sender.postAll(async (entry) => {
      const stored = await this.#dialect.post(this.#rest, me, entry);
      this.#receiveMessage({ ...stored, key: entry.key }, false); // others may have written before it
    });
    await this.revisions.submit();
    if (!this.#isWhole) this.#learnInTime();
    const before = Object.assign({}, ...this.timelines.positions()); // the heads are asked for later
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
      if (beginnings !== this.#beginnings) return; // the next round asks for what the log has now
      for (const message of missed) this.#receiveMessage(message);
      if (missed.length === 0) this.timelines.follow(new Map([[conversationId, head]])); // all deleted
    }
    await this.revisions.reread(listed, () => beginnings === this.#beginnings);
  }

  /**
   * Load messages before those that are known; at first the newest ones.
   * @param {ConversationId} conversationId
   * @param {number} limit how many at most
   * @returns {Promise<boolean>} whether there may be more
   */
  async loadOlder(conversationId, limit) {
    const timeline = this.timelines.get(conversationId);
    const before = timeline.first;
    if (before?.seq === 1) return false;
    const page = { conversationId, first: before, limit };
    const beginnings = this.#beginnings;
    const messages = await this.#dialect.older(this.#rest, this.me.id, page);
    const isOfThisLog = beginnings === this.#beginnings;
    if (!(isOfThisLog && timeline.joins(messages))) return this.loadOlder(conversationId, limit);
    for (const message of messages) this.sender.confirm(message); // an unsent one among them is stored
    timeline.addAll(messages);
    const { first } = timeline;
    return first !== undefined && first.seq !== before?.seq && first.seq > 1;
  }

  /** @param {ConversationId} conversationId */
  async markRead(conversationId) {
    const timeline = this.timelines.get(conversationId);
    await this.#dialect.markRead(this.#rest, conversationId, timeline, (frame) =>
      this.#connection.send(frame),
    );
  }

  /** @param {ServerEvent} event */
  #act(event) {
    switch (event.kind) {
      case "message":
        if (this.#isWanted(event.message)) this.#receiveMessage(event.message);
        break;
      case "welcome":
        if (this.#log.is(event.epoch)) this.#startOver();
        break;
      case "revised":
        this.revisions.told(event);
        break;
      case "resumed":
        this.#resumed(event.complete, event.reset, event.revs);
        break;
      case "typing":
        this.typing.received(event.conversationId, event.who, event.isTyping);
        break;
      case "read": {
        const { conversationId, isMine, upTo } = event;
        if (!isMine) this.timelines.get(conversationId).mark(upTo, Status.READ);
        this.#emit("read", { conversationId, isMine });
        break;
      }
      case "delivered": {
        const { conversationId, upTo } = event;
        this.timelines.get(conversationId).mark(upTo, Status.DELIVERED);
        this.#emit("delivered", { conversationId });
        break;
      }
      case "channels":
        this.#follow(event.channels);
        this.#emit("channels", { channels: event.channels });
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

  /** @param {ClientEvents["channels"]["channels"]} channels */
  #follow(channels) {
    const more = channels.filter(({ id }) => !this.timelines.isFollowed(id));
    if (more.length === 0) return;
    this.timelines.follow(new Map(more.map(({ id, lastSeq }) => [id, lastSeq])));
    this.resume();
  }

  /** @param {StoredMessage} message */
  #isWanted({ conversationId }) {
    return this.#dialect.followsAll || this.timelines.isFollowed(conversationId);
  }

  /** A response said that the log is another one: so is what comes on this connection. */
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
    this.#emit("reset", {});
  }

  /**
   * @param {boolean} isComplete
   * @param {boolean} isReset whether everything was sent, because what is known here is not so
   * @param {Record<ConversationId, number>} revs up to which it was told what was changed
   */
  #resumed(isComplete, isReset, revs) {
    if (isReset && !this.#isFresh) {
      this.startAnew(); // what was sent was sorted in to the old ones
      return;
    }
    this.revisions.toldUpTo(revs);
    this.#unanswered = Math.max(0, this.#unanswered - 1);
    this.#isMore ||= !isComplete; // than the hub sends at a time
    if (this.#unanswered > 0) return;
    if (this.#isMore) {
      this.resume();
      return;
    }
    this.#connection.resumed();
    this.sender.resubmit();
    void this.revisions.submit();
    if (this.#isOnlyNamed || !this.#isWhole) this.#learnInTime();
  }

  /** Learn of conversations that could not be named. */
  #learnInTime() {
    const learning = this.#isWhole ? this.#findNew() : this.#learn();
    void learning.catch(() => undefined); // the next connection, or round of polling, goes on
  }

  /** Ask for all of the conversations that have begun since the list was read. */
  async #findNew() {
    const listed = await new Listing(this.#rest, this.#dialect.listPath).some();
    const fresh = listed.map(this.#dialect.head).filter(([id, newest]) => {
      return !this.timelines.isFollowed(id) && this.timelines.lastSeq(id) < newest;
    });
    this.timelines.follow(new Map(fresh.map(([id]) => [id, 0])));
    if (fresh.length > 0) this.resume();
  }

  /** Read the rest of the list, so that its conversations can be named too. */
  async #learn() {
    if (this.#isWhole) return;
    const listed = await this.#listing.all();
    if (this.#isWhole) return; // as two have asked
    this.#isWhole = true;
    const heads = listed.map(this.#dialect.head);
    const unknown = heads.filter(([id]) => !this.timelines.isFollowed(id));
    this.revisions.know(listed);
    this.timelines.follow(new Map(unknown));
    if (unknown.length > 0 || this.#isOnlyNamed) this.resume();
  }

  /**
   * @param {StoredMessage} message
   * @param {boolean} isInOrder whether everything before it has come
   */
  #receiveMessage(message, isInOrder = true) {
    const { conversationId } = message;
    const isConfirmed = this.sender.confirm(message);
    const timeline = this.timelines.get(conversationId);
    if (!(isInOrder ? timeline.add(message) : timeline.insert(message))) {
      this.revisions.apply(conversationId, message);
      return;
    }
    if (!message.isMine) {
      this.typing.received(conversationId, message.authorName ?? message.author, false);
      this.#receipts.add(message);
    }
    this.#emit(isConfirmed ? "changed" : "message", { conversationId, message });
  }
}

/** @param {never} event */
function assertNever(event) {
  throw new Error(`not handled: ${JSON.stringify(event)}`);
}

/** A WebSocket whose other end the test plays. */

import assert from "node:assert/strict";

/** @typedef {{ type: string, [field: string]: unknown }} Frame */

export class FakeSocket {
  readyState = 0;
  /** @type {Frame[]} */
  sent = [];
  /** @type {((event: unknown) => void) | null} */
  onopen = null;
  /** @type {((event: { data: string }) => void) | null} */
  onmessage = null;
  /** @type {((event: unknown) => void) | null} */
  onerror = null;
  /** @type {((event: { code: number }) => void) | null} */
  onclose = null;

  /**
   * @param {string} address
   * @param {...unknown} options
   */
  constructor(address, ...options) {
    this.address = address;
    this.options = options;
  }

  /** @param {string} text */
  send(text) {
    assert.equal(this.readyState, 1, "sent on a socket that is not open");
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  /** What the hub does. */
  open() {
    this.readyState = 1;
    this.onopen?.({});
  }

  /** @param {Frame} frame */
  deliver(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The connection ends. */
  end(code = 1006) {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  /** @param {string} type */
  sentOf(type) {
    return this.sent.filter((frame) => frame.type === type);
  }
}

/** The errors of the SDK. Each has a `code` that programs can act on; its text is for people. */

/** @import { CallCode, UsageCode } from "./parlour.js" */

/** @template {string} [Code=string] */
export class ParlourError extends Error {
  /** @readonly */
  code;

  /**
   * @param {Code} code
   * @param {string} text
   */
  constructor(code, text) {
    super(text);
    this.name = "ParlourError";
    this.code = code;
  }
}

/**
 * The program uses the SDK in a way that cannot work.
 * @extends {ParlourError<UsageCode>}
 */
export class UsageError extends ParlourError {
  /**
   * @param {UsageCode} code
   * @param {string} text
   */
  constructor(code, text) {
    super(code, text);
    this.name = "UsageError"; // also where a bundler has renamed the class
  }
}

/** A call that needs the signed-in user was made before the user is known. */
export function notConnected() {
  const text = "The signed-in user is unknown: call `connect` first, and wait until it succeeds";
  return new UsageError("not_connected", text);
}

/** A message must be stored before it can be changed. */
export function notStored() {
  return new UsageError("not_stored", "This call needs a message that is stored");
}

/**
 * A call over REST that was refused. `status` is HTTP's, 0 when the server was not reached.
 * @extends {ParlourError<CallCode>}
 */
export class CallFailed extends ParlourError {
  /** @readonly */
  status;
  /** @readonly */
  retryAfter;

  /**
   * @param {number} status
   * @param {CallCode} code
   * @param {string} text
   * @param {number | null} retryAfter seconds
   */
  constructor(status, code, text, retryAfter = null) {
    super(code, text);
    this.name = "CallFailed";
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * The HTTP status that a call failed with; undefined for any other error.
 * @param {unknown} error
 */
export function statusOf(error) {
  return error instanceof CallFailed ? error.status : undefined;
}

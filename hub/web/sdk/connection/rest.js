/** Calls over REST: JSON both ways, refusals as errors. */

/** A call over REST that was refused. `status` is HTTP's, 0 when the server was not reached. */
export class CallFailed extends Error {
  /** @readonly */
  status;
  /** @readonly */
  code;
  /** @readonly */
  retryAfter;

  /**
   * @param {number} status
   * @param {string} code
   * @param {string} text
   * @param {number | null} retryAfter seconds
   */
  constructor(status, code, text, retryAfter = null) {
    super(text);
    this.name = "CallFailed";
    this.status = status;
    this.code = code;
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

export class Rest {
  #url;
  #headers;
  #fetch;

  /**
   * @param {string} url where the dialect's REST is, without a slash at the end
   * @param {Record<string, string>} headers sent with every request
   * @param {typeof fetch} fetchFunction
   */
  constructor(url, headers, fetchFunction) {
    this.#url = url;
    this.#headers = headers;
    this.#fetch = fetchFunction;
  }

  /**
   * One call, with the session.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body] JSON, or a form
   * @param {Record<string, string>} [headers]
   * @returns {Promise<unknown>} the response's JSON; null when it has none
   * @throws {CallFailed}
   */
  async call(method, path, body, headers = {}) {
    const form = body instanceof FormData ? body : undefined; // sets its own content type
    const json = body === undefined || form ? undefined : JSON.stringify(body);
    let response;
    try {
      response = await this.#fetch(this.#url + path, {
        method,
        credentials: "same-origin",
        headers: {
          ...this.#headers,
          ...headers,
          ...(json === undefined ? {} : { "Content-Type": "application/json" }),
        },
        body: form ?? json,
      });
    } catch (error) {
      throw new CallFailed(0, "unreachable", String(error));
    }
    const text = await response.text();
    const data = text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : null;
    if (response.ok) return data;
    throw new CallFailed(
      response.status,
      data?.code ?? (response.status === 401 ? "unauthorized" : "refused"),
      data?.error ?? text,
      Number(response.headers.get("retry-after")) || null,
    );
  }
}

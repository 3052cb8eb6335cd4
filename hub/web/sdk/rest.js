/** Calls over REST: JSON both ways, refusals as errors. */

/** A call over REST that was refused. `status` is HTTP's, 0 when the server was not reached. */
export class CallFailed extends Error {
  constructor(status, code, text, retryAfter = null) {
    super(text);
    this.name = "CallFailed";
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

export class Rest {
  #url;
  #headers;
  #fetch;

  /**
   * @param {string} url where the dialect's REST is, without a slash at the end
   * @param {object} headers sent with every request
   * @param {Function} fetch
   */
  constructor(url, headers, fetch) {
    this.#url = url;
    this.#headers = headers;
    this.#fetch = fetch;
  }

  /**
   * One call, with the session.
   * @throws {CallFailed}
   */
  async call(method, path, body = undefined, headers = {}) {
    const isForm = body instanceof FormData; // which says itself what it is
    const isJson = body !== undefined && !isForm;
    let answer;
    try {
      answer = await this.#fetch(this.#url + path, {
        method,
        credentials: "same-origin",
        headers: {
          ...this.#headers,
          ...headers,
          ...(isJson ? { "Content-Type": "application/json" } : {}),
        },
        body: isJson ? JSON.stringify(body) : body,
      });
    } catch (error) {
      throw new CallFailed(0, "unreachable", String(error));
    }
    const text = await answer.text();
    const data = text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : null;
    if (answer.ok) return data;
    throw new CallFailed(
      answer.status,
      data?.code ?? (answer.status === 401 ? "unauthorized" : "refused"),
      data?.error ?? text,
      Number(answer.headers.get("retry-after")) || null,
    );
  }
}

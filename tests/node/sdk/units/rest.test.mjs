import assert from "node:assert/strict";
import { test } from "node:test";
import { CallFailed, Rest } from "../../../../hub/web/sdk/connection/rest.js";

/** @param {() => Response} respond */
function rest(respond) {
  /** @type {{ address: string, request: RequestInit }[]} */
  const requests = [];
  const fetch = /** @type {typeof globalThis.fetch} */ (
    async (address, request = {}) => {
      requests.push({ address: String(address), request });
      return respond();
    }
  );
  return { rest: new Rest("http://hub.example/api", { Cookie: "a=b" }, fetch), requests };
}

test("JSON goes and comes, with the session and the headers", async () => {
  const { rest: calls, requests } = rest(() => Response.json([1]));
  assert.deepEqual(await calls.call("POST", "/x", { a: 1 }, { "Idempotency-Key": "k" }), [1]);
  assert.deepEqual(requests, [
    {
      address: "http://hub.example/api/x",
      request: {
        method: "POST",
        credentials: "same-origin",
        headers: { Cookie: "a=b", "Idempotency-Key": "k", "Content-Type": "application/json" },
        body: '{"a":1}',
      },
    },
  ]);
});

test("a form keeps its own content type", async () => {
  const { rest: calls, requests } = rest(() => Response.json({}));
  const form = new FormData();
  await calls.call("POST", "/upload", form);
  assert.equal(requests[0]?.request.body, form);
  assert.deepEqual(requests[0]?.request.headers, { Cookie: "a=b" });
});

test("a response that is not JSON is null", async () => {
  assert.equal(await rest(() => new Response("ok")).rest.call("GET", "/x"), null);
  assert.equal(await rest(() => new Response(null, { status: 204 })).rest.call("GET", "/x"), null);
});

for (const [response, expected] of /** @type {[() => Response, object][]} */ ([
  [
    () => Response.json({ code: "too_long", error: "Too long" }, { status: 400 }),
    { status: 400, code: "too_long", message: "Too long", retryAfter: null },
  ],
  [
    () => new Response("Busy", { status: 429, headers: { "Retry-After": "7" } }),
    { status: 429, code: "refused", message: "Busy", retryAfter: 7 },
  ],
  [
    () => new Response("", { status: 401 }),
    { status: 401, code: "unauthorized", message: "", retryAfter: null },
  ],
  [
    () => {
      throw new TypeError("fetch failed");
    },
    { status: 0, code: "unreachable", message: "TypeError: fetch failed", retryAfter: null },
  ],
])) {
  test(`a refusal is an error: ${JSON.stringify(expected)}`, async () => {
    await assert.rejects(rest(response).rest.call("GET", "/x"), (error) => {
      assert.ok(error instanceof CallFailed);
      const { status, code, message, retryAfter } = error;
      assert.deepEqual({ status, code, message, retryAfter }, expected);
      return true;
    });
  });
}

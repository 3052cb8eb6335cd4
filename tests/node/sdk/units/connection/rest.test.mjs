import assert from "node:assert/strict";
import { test } from "node:test";
import { Access } from "../../../../../hub/web/sdk/connection/access.js";
import { Log } from "../../../../../hub/web/sdk/connection/log.js";
import { Rest } from "../../../../../hub/web/sdk/connection/rest.js";
import { CallFailed } from "../../../../../hub/web/sdk/errors.js";

/** @import { Options } from "../../../../../hub/web/sdk/parlour.js" */

/**
 * @param {(request: RequestInit) => Response} respond
 * @param {Options} [options]
 */
function rest(respond, options = { headers: { Cookie: "a=b" } }) {
  /** @type {{ address: string, request: RequestInit }[]} */
  const requests = [];
  const fetch = /** @type {typeof globalThis.fetch} */ (
    async (address, request = {}) => {
      requests.push({ address: String(address), request });
      return respond(request);
    }
  );
  const [access, log] = [new Access(options), new Log()];
  return {
    rest: new Rest("http://hub.example/api", access, fetch, log, () => undefined),
    requests,
  };
}

test("JSON goes and comes, with the session and the headers", async () => {
  const { rest: calls, requests } = rest(() => Response.json([1]));
  assert.deepEqual(await calls.call("POST", "/x", { a: 1 }, { "Idempotency-Key": "k" }), [1]);
  assert.deepEqual(requests, [
    {
      address: "http://hub.example/api/x",
      request: {
        method: "POST",
        credentials: "include",
        headers: { Cookie: "a=b", "Idempotency-Key": "k", "Content-Type": "application/json" },
        body: '{"a":1}',
        signal: null,
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

test("a page says where the next one is", async () => {
  const link = { Link: '</x>; rel="first", <?limit=2&cursor=WzFd>; rel="next"' };
  const pages = [Response.json([1, 2], { headers: link }), Response.json([3])];
  const { rest: calls } = rest(() => pages.shift() ?? Response.error());
  const next = "/x?limit=2&cursor=WzFd";
  assert.deepEqual(await calls.page("/x?limit=2"), { items: [1, 2], next });
  assert.deepEqual(await calls.page(next), { items: [3], next: null });
});

test("a response without a body is null", async () => {
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
    {
      status: 0,
      code: "unreachable",
      message: "http://hub.example/api could not be reached: TypeError: fetch failed",
      retryAfter: null,
    },
  ],
  [
    () => Response.json({ code: "not_signed_in", message: "Not authenticated" }, { status: 401 }),
    { status: 401, code: "not_signed_in", message: "Not authenticated", retryAfter: null },
  ],
  [
    () => new Response("<h1>Log in to the hotel</h1>"),
    { status: 200, code: "malformed", message: "<h1>Log in to the hotel</h1>", retryAfter: null },
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

/** @param {{ request: RequestInit }[]} requests */
function headersOf(requests) {
  return requests.map(({ request }) => request.headers);
}

test("where no browser keeps cookies, they are kept here until the hub takes them back", async () => {
  const setting = [
    ["session=1; Path=/; HttpOnly", "other=x"],
    ["session=2; Max-Age=60"],
    ["session=; Max-Age=0; Path=/"],
    [],
  ];
  const { rest: calls, requests } = rest(() => {
    const response = Response.json({});
    for (const line of setting.shift() ?? []) response.headers.append("Set-Cookie", line);
    return response;
  });
  for (let count = 0; count < 4; count += 1) await calls.call("GET", "/x");
  assert.deepEqual(
    headersOf(requests).map((headers) => Object(headers).Cookie),
    ["a=b", "a=b; session=1; other=x", "a=b; session=2; other=x", "a=b; other=x"],
  );
});

test("cookies can be left out, for a hub on another origin", async () => {
  const { rest: calls, requests } = rest(() => Response.json({}), { credentials: "omit" });
  await calls.call("GET", "/x");
  assert.deepEqual(requests[0]?.request.credentials, "omit");
  assert.deepEqual(headersOf(requests), [{}]);
});

test("a token is asked for once, and again when the hub refuses it", async () => {
  let live = "first";
  let asked = 0;
  const getToken = () => {
    asked += 1;
    return live;
  };
  const { rest: calls, requests } = rest(
    ({ headers }) => {
      const isLive = Object(headers).Authorization === `Bearer ${live}`;
      return isLive ? Response.json({}) : new Response("", { status: 401 });
    },
    { getToken },
  );
  await Promise.all([calls.call("GET", "/x"), calls.call("GET", "/x")]);
  assert.equal(asked, 1);
  live = "second";
  await calls.call("POST", "/x", { a: 1 });
  assert.equal(asked, 2);
  assert.deepEqual(
    headersOf(requests).map((headers) => Object(headers).Authorization),
    ["Bearer first", "Bearer first", "Bearer first", "Bearer second"],
  );
  assert.equal(requests[3]?.request.body, '{"a":1}');
});

test("requests that are refused at the same time share the next token", async () => {
  const tokens = ["old", "new", "one too many"];
  const { rest: calls, requests } = rest(
    ({ headers }) => {
      const isLive = Object(headers).Authorization === "Bearer new";
      return isLive ? Response.json({}) : new Response("", { status: 401 });
    },
    { getToken: async () => tokens.shift() ?? "" },
  );
  await Promise.all([calls.call("GET", "/x"), calls.call("GET", "/y"), calls.call("GET", "/z")]);
  assert.equal(requests.length, 6);
  assert.deepEqual(tokens, ["one too many"]);
});

test("a token that is refused again is the end of it", async () => {
  const { rest: calls, requests } = rest(() => new Response("", { status: 401 }), {
    getToken: () => "bad",
  });
  await assert.rejects(calls.call("GET", "/x"), { status: 401 });
  assert.equal(requests.length, 2);
});

test("a token that cannot be had now is asked for again", async () => {
  let isAway = true;
  const getToken = async () => {
    if (isAway) throw new Error("away");
    return "token";
  };
  const { rest: calls } = rest(() => Response.json([1]), { getToken });
  await assert.rejects(calls.call("GET", "/x"), { status: 0, code: "no_token" });
  isAway = false;
  assert.deepEqual(await calls.call("GET", "/x"), [1]);
});

test("a call that is aborted says so, and is no refusal", async () => {
  const aborted = new AbortController();
  const { rest: calls } = rest(({ signal }) => {
    aborted.abort(new Error("enough"));
    signal?.throwIfAborted();
    return Response.json({});
  });
  const { signal } = aborted;
  await assert.rejects(calls.call("POST", "/x", {}, {}, { signal }), { message: "enough" });
});

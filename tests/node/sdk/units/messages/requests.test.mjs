import assert from "node:assert/strict";
import { test } from "node:test";
import { BEN, FakeHub, recorded } from "../fake_hub.mjs";

test("message requests are listed, accepted and declined, and told to other devices", async () => {
  const requests = `/private_messages/api/messages/requests/${BEN}`;
  const listed = [true, false].map((isRequest, at) => ({
    user: { id: BEN + at },
    last_seq: 1,
    is_request: isRequest,
  }));
  const hub = new FakeHub({
    "GET /private_messages/api/messages/conversations": () => listed,
    [`POST ${requests}`]: () => ({ status: "success" }),
    [`DELETE ${requests}`]: () => ({ status: "success" }),
  });
  const client = await hub.onlineClient();
  assert.deepEqual(await client.requests(), listed.slice(0, 1));
  await client.acceptRequest(BEN);
  await client.declineRequest(BEN);
  const decided = hub.calls.filter(({ path }) => path === requests).map(({ method }) => method);
  assert.deepEqual(decided, ["POST", "DELETE"]);
  const events = recorded(client);
  hub.socket.deliver({ type: "message_request", user_id: BEN, is_waiting: false });
  assert.deepEqual(events, [["request", { conversationId: BEN, isWaiting: false }]]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { BEN, FakeHub, ME, recorded } from "../fake_hub.mjs";

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

test("reading, uploading, signing in and other calls go over REST", async () => {
  const hub = new FakeHub({
    [`PUT /private_messages/api/messages/${BEN}/read`]: () => ({ status: "success" }),
    "POST /private_messages/api/upload": () => ({ url: "/uploads/a.txt" }),
    "POST /private_messages/api/auth/login": () => ME,
    "GET /private_messages/api/users/online": () => [ME],
  });
  const client = await hub.onlineClient();
  await client.markRead(BEN);
  assert.deepEqual(await client.signIn("ann", "secret"), ME);
  assert.deepEqual(await client.online(), [ME]);
  assert.deepEqual(await client.upload(new Blob(["x"]), "a.txt"), { url: "/uploads/a.txt" });
  const [, , read, login, , upload] = hub.calls;
  assert.equal(read?.path, `/private_messages/api/messages/${BEN}/read`);
  assert.deepEqual(login?.body, { email: "ann", password: "secret" });
  assert.ok(upload?.body instanceof FormData);
  const file = upload.body.get("file");
  assert.ok(file instanceof File);
  assert.equal(file.name, "a.txt");
  assert.equal(
    client.fileAddress("/uploads/a.txt"),
    "http://hub.example/private_messages/uploads/a.txt",
  );
  assert.equal(client.fileAddress("https://elsewhere/a"), "https://elsewhere/a");
});

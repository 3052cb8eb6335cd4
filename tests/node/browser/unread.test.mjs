/** What the list of conversations counts as unread, with a client on a hub that is scripted. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversations } from "../../../hub/web/app/conversation/conversations.js";
import { BEN, FakeHub, posted, settled } from "../sdk/units/fake_hub.mjs";

const LIST = "GET /private_messages/api/messages/conversations";
const USER = {
  id: BEN,
  username: "ben",
  name: "Ben",
  first_name: "Ben",
  last_name: "",
  is_public: true,
};

test("what came while the list was loaded is counted beside what was unread before", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const list = new Conversations(client, hub.channelsClient(), () => false, Boolean);
  client.addEventListener("message", ({ detail }) => list.messageChanged(client, detail.message));
  const ben = list.withPerson(USER);
  /** @type {(listed: object[]) => void} */
  let release = Boolean;
  hub.routes[LIST] = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  hub.socket.deliver(posted(3));
  await settled();
  hub.socket.deliver(posted(4));
  release([{ user: USER, last_seq: 3, unread_count: 3, last_message: "", last_message_time: "" }]);
  await settled();
  assert.equal(ben.unread, 4);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeHub } from "./fake_hub.mjs";

const REST = "/learning_platform/api";

test("who is in a workspace, and who is asked to come", async () => {
  const hub = new FakeHub({});
  const client = hub.channelsClient();
  const mine = `${REST}/users/me/invitations`;
  const calls = /** @type {[string, () => Promise<unknown>, object | null][]} */ ([
    [`GET ${REST}/workspaces/3/members`, () => client.members(3), null],
    [`DELETE ${REST}/workspaces/3/members/2`, () => client.removeMember(3, 2), null],
    [
      `PUT ${REST}/workspaces/3/members/2`,
      () => client.changeRole(3, 2, "guest"),
      { role: "guest" },
    ],
    [`GET ${mine}`, () => client.invitations(), null],
    [`POST ${mine}/3`, () => client.acceptInvitation(3), null],
    [`DELETE ${mine}/3`, () => client.declineInvitation(3), null],
  ]);
  for (const [call, make, body] of calls) {
    hub.routes[call] = () => [];
    await make();
    const { method, path, body: sent } = hub.calls.at(-1) ?? {};
    assert.deepEqual([`${method} ${path}`, sent ?? null], [call, body]);
  }
});

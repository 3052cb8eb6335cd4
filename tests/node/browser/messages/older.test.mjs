/** Older messages that cannot be loaded, with a conversation that is scripted. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { OlderMessages } from "../../../../hub/web/app/conversation/messages/list/older_messages.js";
import { CallFailed } from "../../../../hub/web/sdk/parlour.js";

/** Loads page after page as the test says. */
function scripted() {
  /** @type {{ resolve: (isMore: boolean) => void, reject: (why: Error) => void }[]} */
  const pages = [];
  const loadOlder = () =>
    new Promise((resolve, reject) => {
      pages.push({ resolve, reject });
    });
  const source = {
    label: "",
    rootId: null,
    messages: () => [],
    unread: () => 0,
    loadOlder: /** @type {() => Promise<boolean>} */ (loadOlder),
  };
  const told = { closed: 0 };
  const onClosed = () => {
    told.closed += 1;
  };
  const older = new OlderMessages(source, { onBegun: Boolean, onEnded: Boolean, onClosed });
  return { older, pages, told };
}

const AWAY = new CallFailed(0, "unreachable", "away");

test("what could not be loaded is loaded when there is a connection again", async () => {
  const { older, pages } = scripted();
  const loading = older.load();
  pages[0]?.reject(AWAY);
  await loading;
  assert.equal(older.hasFailed, true);
  older.connected();
  assert.equal(pages.length, 2);
  pages[1]?.resolve(true);
  await older.load();
  assert.equal(older.canGoOn, true);
  older.connected();
  assert.equal(pages.length, 2); // nothing is missing
});

test("what fails late, as the connection is back already, is asked for again at once", async () => {
  const { older, pages } = scripted();
  const loading = older.load();
  older.connected();
  assert.equal(pages.length, 1);
  pages[0]?.reject(AWAY);
  await new Promise(setImmediate);
  assert.equal(pages.length, 2);
  pages[1]?.resolve(false);
  await loading;
  assert.equal(older.hasFailed, false);
});

test("what nobody may see any more is not asked for again", async () => {
  const { older, pages, told } = scripted();
  const loading = older.load();
  pages[0]?.reject(new CallFailed(403, "forbidden", "no"));
  await loading;
  older.connected();
  assert.equal(pages.length, 1);
  assert.equal(told.closed, 1);
});

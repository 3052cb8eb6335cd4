/** Where a message mentions somebody, and how many of those that do are unread. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { partsByName } from "../../../../hub/web/app/conversation/mentioning/names.js";
import { UnreadMentions } from "../../../../hub/web/app/conversation/mentioning/unread_mentions.js";

/** @type {[text: string, names: string[], found: string[]][]} */
const TEXTS = [
  ["hi @ann, and @Ben!", ["ann", "ben"], ["@ann", "@Ben"]],
  ["@ann@ben @anna", ["ann", "ben"], []],
  ["@ann @ann", ["ann"], ["@ann", "@ann"]],
  ["(@ann-b) @ann", ["ann", "ann-b"], ["@ann-b", "@ann"]],
  ['@"Ann B" and @"ann"', ["Ann B", "ann"], ['@"Ann B"', '@"ann"']],
  ["@a.b*c(d) @a+b", ["a.b*c(d)", "a+b"], ["@a.b*c(d)", "@a+b"]],
  ["mail x@ann or x/@ann", ["ann"], []],
  ["@田中さん、やあ", ["田中さん"], ["@田中さん"]],
  ["", ["ann"], []],
  ["`@ann` and @ann", ["ann"], ["@ann"]],
  ["@ann `x @ann`, ``@ann ` @ann``", ["ann"], ["@ann"]],
  ["`@ann and `` @ann", ["ann"], ["@ann", "@ann"]],
  ["\\`@ann` \\@ann", ["ann"], ["@ann"]],
  ["```\n@ann\n```\n@ann", ["ann"], ["@ann"]],
  ["~~~ @ann\n@ann\n```\n@ann", ["ann"], []],
  ["`@ann\n@ann`\n\n`@ann\n\n@ann`", ["ann"], ["@ann", "@ann"]],
  ["a`x`@ann @a`x`nn", ["ann"], ["@ann"]],
  ["`https://example.org/ @ann`, https://example.org/(@ann)", ["ann"], []],
];
for (const [text, names, found] of TEXTS) {
  test(`names in ${JSON.stringify(text)}`, () => {
    const parts = partsByName(text, names);
    assert.equal(parts.map((part) => part.text).join(""), text);
    const marked = parts.filter(({ name }) => name !== null);
    assert.deepEqual(
      marked.map((part) => part.text),
      found,
    );
  });
}

/**
 * @param {number} id
 * @param {boolean} [isMentioned]
 */
function mention(id, isMentioned = true) {
  return { conversationId: 1, id, seq: id, author: 2, content: "@ann", isMentioned };
}

test("what is listed and told since is counted, each once", () => {
  const unread = new UnreadMentions();
  unread.listed(2, 10);
  assert.equal(unread.told(mention(11)), true);
  assert.equal(unread.told(mention(11)), false);
  unread.told(mention(12));
  assert.equal(unread.count, 4);
  unread.told(mention(12, false)); // told of since
  assert.equal(unread.mayBeListed(mention(11, false)), false);
  assert.equal(unread.mayBeListed(mention(3, false)), true);
  unread.told(mention(3, false)); // it was listed, or read before
  assert.equal(unread.count, 3);
  unread.listed(3, 11); // with the one that was told of
  assert.equal(unread.count, 3);
  unread.read();
  assert.equal(unread.count, 0);
  assert.equal(unread.mayBeListed(mention(3, false)), false);
  unread.told(mention(13, false));
  assert.equal(unread.count, 0);
});

/** What is a link in what people write, what names may look like, and what days are called. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, day, shortly } from "../../../hub/web/app/dom/dates.js";
import { parts, plain } from "../../../hub/web/app/dom/text.js";

/** @type {[text: string, shown: string, address?: string][]} */
const LINKS = [
  ["see https://example.org/a?b=1#c, please", "https://example.org/a?b=1#c"],
  ["(https://example.org)", "https://example.org"],
  ["https://example.org/Parlour_(room)", "https://example.org/Parlour_(room)"],
  ["(in https://example.org/Parlour_(room))", "https://example.org/Parlour_(room)"],
  ["https://[::1]:80/", "https://[::1]:80/"],
  ["*https://example.org*", "https://example.org"],
  ["https://example.com/日本。次の文", "https://example.com/日本"],
  ["「https://example.com」", "https://example.com"],
  ["HTTPS://EXAMPLE.ORG!", "HTTPS://EXAMPLE.ORG"],
  ["www.example.org.", "www.example.org", "https://www.example.org"],
  ["write to mailto:ann@example.org", "mailto:ann@example.org"],
  ["https://good.example/\u202emoc.live", "https://good.example/"],
  ["https://good.example\u2066/x", "https://good.example"],
];
for (const [text, shown, address = shown] of LINKS) {
  test(`one link: ${text}`, () => {
    const links = parts(text).filter((part) => part.address !== null);
    assert.deepEqual(links, [{ text: shown, address }]);
    assert.equal(
      parts(text)
        .map((part) => part.text)
        .join(""),
      text,
    );
  });
}

/** @type {[link: string, host: string | undefined][]} */
const HOSTS = [
  ["https://example.org:443/x?y#z", undefined],
  ["http://192.168.0.7:8000", undefined],
  ["www.example.org/https://other.example", undefined],
  ["mailto:ann@example.org", undefined],
  ["https://good.example@evil.example/", "evil.example"],
  ["https://good.example:443@evil.example", "evil.example"],
  ["https://ann:secret@good.example/", "good.example"],
  ["https://\u0430pple.com/login", "xn--pple-43d.com"], // a Cyrillic letter
  ["https://b\u00fccher.example", "xn--bcher-kva.example"],
  ["https://exa\u200bmple.org", "example.org"],
  ["https://0x7f.1/", "127.0.0.1"],
];
for (const [link, host] of HOSTS) {
  test(`where it leads to: ${link}`, () => {
    const part = { text: link, address: link.replace(/^www/, "https://www") };
    assert.deepEqual(parts(link), [host === undefined ? part : { ...part, host }]);
  });
}

const TEXTS = [
  "javascript:alert(1)",
  "https://[broken",
  "http://",
  "www.",
  "awww.example",
  "a.b",
  "",
];
for (const text of TEXTS) {
  test(`no link: ${text}`, () => {
    assert.deepEqual(parts(text), text === "" ? [] : [{ text, address: null }]);
  });
}

test("a long row of brackets takes no time", () => {
  const text = `https://example.org/${"(".repeat(2_000)}${")".repeat(4_000)}`;
  assert.equal(parts(text)[0]?.text.length, 20 + 4_000);
});

test("a name reads as it is written", () => {
  assert.equal(plain("notes \u202efdp.exe"), "notes fdp.exe");
  assert.equal(plain("\u2067Ann\u2069\u200f \u061cمرحبا"), "Ann مرحبا");
});

test("a day of another year has its year, and what is no time is nothing", () => {
  for (const format of [day, shortly]) {
    assert.match(format("2019-03-02T12:00:00Z"), /19/);
  }
  assert.equal(day(new Date().toISOString()), "Today");
  for (const format of [clock, day, shortly]) assert.equal(format("garbage"), "");
});

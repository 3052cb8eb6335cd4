import assert from "node:assert/strict";
import { test } from "node:test";
// biome-ignore lint/performance/noNamespaceImport: it is about the namespace
import * as sdk from "../../../hub/web/sdk/parlour.js";

// What tsc takes for `sdk` is parlour.d.ts: so this names exactly what is declared there.
/** @type {Record<keyof typeof sdk, true>} */
const DECLARED = {
  CallFailed: true,
  ChannelsClient: true,
  Connection: true,
  Kind: true,
  ParlourClient: true,
  ParlourError: true,
  Reason: true,
  Status: true,
  UsageError: true,
};

test("the SDK exports what is declared, and nothing else", () => {
  assert.deepEqual(new Set(Object.keys(sdk)), new Set(Object.keys(DECLARED)));
});

/**
 * What a person does with the page, in Chromium: `node run.mjs FLOW URL JSON`.
 *
 * Ends with 0 when everything that was expected happened, and no page had an error or was kept
 * from anything by its Content-Security-Policy.
 */

import assert from "node:assert/strict";
import { connect } from "../chromium.mjs";
import { Questions, endInput } from "../program.mjs";
import { changing } from "./messages/changing.mjs";
import { forwarding } from "./messages/forwarding.mjs";
import { mentioning } from "./messages/mentioning.mjs";
import { CHANNELS } from "./channels.mjs";
import { CONNECTION } from "./connection.mjs";
import { CONVERSATIONS } from "./conversations.mjs";
import { COMPOSING } from "./composing.mjs";
import { LAYOUT } from "./design/layout.mjs";
import { finding } from "./finding.mjs";
import { files } from "./files.mjs";
import { history } from "./messages/history.mjs";
import { IDENTITY } from "./identity.mjs";
import { Visitors } from "./page.mjs";
import { permissions, requests, settings } from "./permissions.mjs";
import { notes } from "./messages/notes.mjs";
import { threads } from "./messages/threads.mjs";
import { READING } from "./messages/reading.mjs";

/**
 * @typedef {object} Given what the test prepared; not every flow is given everything
 * @property {string} ann a Cookie header
 * @property {number} ann_id
 * @property {string} ben
 * @property {number} ben_id
 * @property {string} username Ben's
 * @property {string} name Ben's
 * @property {number} total how many messages there are
 * @property {string} link that lands signed in
 * @property {string[]} guests such links
 *
 * @typedef {(visitors: Visitors, given: Given, questions: Questions) => Promise<void>} Flow
 */

/** @type {Record<string, Flow>} */
const FLOWS = {
  ...CONVERSATIONS,
  ...CHANNELS,
  ...CONNECTION,
  ...IDENTITY,
  ...COMPOSING,
  ...READING,
  ...LAYOUT,
  changing,
  files,
  finding,
  forwarding,
  history,
  mentioning,
  notes,
  permissions,
  requests,
  settings,
  threads,
};

const [name = "", url = "", json = ""] = process.argv.slice(2);
const flow = FLOWS[name];
if (flow === undefined) throw new Error(`there is no flow ${name}`);
const questions = new Questions();
const browser = await connect();
const visitors = new Visitors(browser, url);
try {
  await flow(visitors, JSON.parse(json), questions);
  assert.deepEqual(visitors.faults, []);
} catch (error) {
  await visitors.describe();
  throw error;
} finally {
  await browser.close();
  endInput();
}

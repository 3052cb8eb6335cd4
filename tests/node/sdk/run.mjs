/**
 * The SDK against a real hub: `node run.mjs FLOW URL JSON`. Ends with 0 when all was as expected
 * and nothing is left open: no socket, no timer.
 */

import { Questions, endInput } from "../program.mjs";
import { channels } from "./channels.mjs";
import { PRIVATE_MESSAGES } from "./private_messages.mjs";
import { finding } from "./finding.mjs";
import { notes } from "./notes.mjs";
import { revisions } from "./revisions.mjs";
import { threads } from "./threads.mjs";

/**
 * @typedef {object} Given what the test prepared; not every flow is given everything
 * @property {string} url
 * @property {string} ann a Cookie header, or a login
 * @property {number} ann_id
 * @property {string} ben
 * @property {number} ben_id
 * @property {string} password
 *
 * @typedef {(given: Given, questions: Questions) => Promise<void>} Flow
 */

/** @type {Record<string, Flow>} */
const FLOWS = { ...PRIVATE_MESSAGES, channels, finding, notes, revisions, threads };

const [name = "", url, json = ""] = process.argv.slice(2);
const flow = FLOWS[name];
if (flow === undefined) throw new Error(`there is no flow ${name}`);
const questions = new Questions();
await flow({ ...JSON.parse(json), url }, questions);
endInput();

/** An announcement of the operator to everybody, until it is dismissed. */

import { h } from "../dom/elements.js";

/** @import { ParlourClient } from "../../sdk/parlour.js" */

/**
 * @param {ParlourClient} client receives the announcements
 * @param {AbortSignal} signal aborted when nothing is to be shown any more
 */
export function announcementBar(client, signal) {
  const bar = h("div.notice.announcement", { role: "status", hidden: true });
  const onclick = () => {
    bar.hidden = true;
  };
  /** @param {{ detail: { text: string } }} event */
  const show = ({ detail: { text } }) => {
    const dismiss = h("button.button", { type: "button", onclick }, "Dismiss");
    bar.replaceChildren(h("span", { dir: "auto" }, text), dismiss);
    bar.hidden = false;
  };
  client.addEventListener("announcement", show, { signal });
  return bar;
}

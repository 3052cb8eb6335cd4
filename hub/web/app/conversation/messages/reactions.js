/** The reactions to a message, and the users who added them. */

import { h } from "../../dom/elements.js";

/**
 * @import { Reaction, UserId } from "../../../sdk/parlour.js"
 *
 * @typedef {(id: UserId) => string} NameOf
 */

/**
 * @param {Reaction} reaction
 * @param {NameOf} nameOf
 */
export function whoReacted({ count, users }, nameOf) {
  const names = users.map(nameOf).join(", ");
  return count > users.length ? `${names} and ${count - users.length} more` : names;
}

/**
 * @param {readonly Reaction[]} reactions
 * @param {UserId | null} me
 * @param {NameOf} nameOf
 * @param {(emoji: string, isMine: boolean) => void} onToggle
 */
export function reactionRow(reactions, me, nameOf, onToggle) {
  const buttons = reactions.map((reaction) => {
    const { emoji, count, users } = reaction;
    const isMine = me !== null && users.includes(me);
    const who = whoReacted(reaction, nameOf);
    const button = {
      type: "button",
      title: who,
      "aria-label": `${emoji} ${count}: ${who}`,
      "aria-pressed": isMine ? "true" : "false",
      "data-emoji": emoji,
      onclick: () => onToggle(emoji, isMine),
    };
    return h("button.reaction", button, h("span", {}, `${emoji} ${count}`));
  });
  return h("div.reactions", {}, ...buttons);
}

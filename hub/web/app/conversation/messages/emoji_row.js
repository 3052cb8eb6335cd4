/** A row of emoji to react with: some frequent ones, and a field for any other. */

import { h } from "../../dom/elements.js";

const COMMON = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

/**
 * @param {(emoji: string) => void} onChosen
 * @returns {HTMLElement}
 */
export function emojiRow(onChosen) {
  const buttons = COMMON.map((emoji) => {
    const onclick = () => onChosen(emoji);
    return h(
      "button.button.quiet",
      { type: "button", "aria-label": `React with ${emoji}`, onclick },
      emoji,
    );
  });
  const other = h("input.input", {
    "aria-label": "Another emoji",
    placeholder: "🙂 …",
    maxlength: 40,
    autocomplete: "off",
    enterkeyhint: "send",
  });
  const form = h(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        const emoji = other.value.trim();
        other.value = "";
        if (emoji !== "") onChosen(emoji);
      },
    },
    other,
  );
  return h("div.emoji", { role: "group", "aria-label": "React with" }, ...buttons, form);
}

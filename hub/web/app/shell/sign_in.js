/** Signing in and up. */

import { h } from "../dom/elements.js";
import { attempt } from "../dom/feedback.js";

/** @import { ParlourClient } from "../../sdk/parlour.js" */

/**
 * @param {ParlourClient} client
 * @param {(login: string, password: string) => Promise<void>} signIn
 * @param {string} note what to say at first
 */
export function signInForm(client, signIn, note) {
  const box = h("section.sign-in");
  let isNew = false;

  function draw(message = "") {
    const problem = h("p.problem", { role: "alert" }, message);
    const button = h("button.button.primary", {}, isNew ? "Make the account" : "Sign in");
    const form = h("form", {}, ...fields(isNew), problem, button, otherWay());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      await attempt(problem, () => submit(new FormData(form)));
      button.disabled = false;
    });
    const lead = isNew ? "Make an account." : "Sign in to your messages.";
    box.replaceChildren(h("h1", {}, "Parlour"), h("p.lead", {}, lead), form);
    form.querySelector("input")?.focus();
  }

  /** @param {FormData} form */
  async function submit(form) {
    const data = Object.fromEntries([...form].map(([name, value]) => [name, String(value)]));
    const { email = "", password = "" } = data;
    if (isNew) await client.signUp(data);
    await signIn(email, password);
  }

  function otherWay() {
    const onclick = () => {
      isNew = !isNew;
      draw();
    };
    const text = isNew ? "I have an account" : "I am new here";
    return h("button.button.quiet", { type: "button", onclick }, text);
  }

  queueMicrotask(() => draw(note));
  return box;
}

/** @param {boolean} isNew */
function fields(isNew) {
  const password = { name: "password", type: "password" };
  if (!isNew) {
    return [
      field("Email or username", { name: "email", autocomplete: "username" }),
      field("Password", { ...password, autocomplete: "current-password" }),
    ];
  }
  return [
    h(
      "div.row",
      {},
      field("First name", { name: "first_name", autocomplete: "given-name" }),
      field("Last name", { name: "last_name", autocomplete: "family-name" }),
    ),
    field("Email", { name: "email", type: "email", autocomplete: "email" }),
    field("Date of birth", { name: "date_of_birth", type: "date" }),
    field("Password", { ...password, autocomplete: "new-password" }),
  ];
}

/**
 * @param {string} label
 * @param {{ name: string, type?: string, autocomplete?: string }} props
 */
function field(label, props) {
  const input = h("input.input", { required: true, ...props });
  return h("label.field", {}, h("span", {}, label), input);
}

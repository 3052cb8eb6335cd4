/** Signing in and up. */

import { h, textOf } from "./dom.js";

/**
 * @param {ParlourClient} client
 * @param {(login: string, password: string) => Promise<void>} enter signs in
 * @param {string} note what to say at first
 */
export function door(client, enter, note) {
  let isNew = false;
  const box = h("section.door");

  function field(label, props) {
    return h(
      "label.field",
      {},
      h("span", {}, label),
      h("input.input", { required: true, ...props }),
    );
  }

  async function submit(event) {
    event.preventDefault();
    const form = event.currentTarget;
    const problem = form.querySelector(".problem");
    const button = form.querySelector("button.primary");
    const data = Object.fromEntries(new FormData(form));
    problem.textContent = "";
    button.disabled = true;
    try {
      if (isNew) await client.signUp(data);
      await enter(data.email, data.password);
    } catch (error) {
      problem.textContent = textOf(error);
    } finally {
      button.disabled = false;
    }
  }

  function draw(message = "") {
    box.replaceChildren(
      h("h1", {}, "Parlour"),
      h("p.lead", {}, isNew ? "Make an account." : "Sign in to your messages."),
      h(
        "form",
        { onsubmit: submit },
        isNew &&
          h(
            "div.row",
            {},
            field("First name", { name: "first_name", autocomplete: "given-name" }),
            field("Last name", { name: "last_name", autocomplete: "family-name" }),
          ),
        isNew
          ? field("Email", { name: "email", type: "email", autocomplete: "email" })
          : field("Email or username", { name: "email", autocomplete: "username" }),
        isNew && field("Date of birth", { name: "date_of_birth", type: "date" }),
        field("Password", {
          name: "password",
          type: "password",
          autocomplete: isNew ? "new-password" : "current-password",
        }),
        h("p.problem", { role: "alert" }, message),
        h("button.button.primary", {}, isNew ? "Make the account" : "Sign in"),
        h(
          "button.button.quiet",
          {
            type: "button",
            onclick: () => {
              isNew = !isNew;
              draw();
            },
          },
          isNew ? "I have an account" : "I am new here",
        ),
      ),
    );
    box.querySelector("input").focus();
  }

  queueMicrotask(() => draw(note));
  return box;
}

/** Signing in and up. */

import { CallFailed } from "../../sdk/parlour.js";
import { field, h } from "../dom/elements.js";
import { attempt } from "../dom/feedback.js";
import { plain } from "../dom/text.js";
import { HUB, MIN_PASSWORD } from "./hub_facts.js";

/**
 * @import { Identity } from "./identity.js"
 *
 * @typedef {{ login: string, password: string }} Guest
 */

/**
 * @param {Identity} identity
 * @param {string} note the text to show at first
 * @param {Guest | null} guest whom a link wants to sign in
 */
export function signInForm(identity, note, guest) {
  const box = h("section.sign-in");
  let isNew = false;

  function draw(message = "") {
    const problem = h("p.problem", { role: "alert" }, message);
    const button = h("button.button.primary", {}, isNew ? "Create account" : "Sign in");
    const form = h(
      "form",
      {},
      ...fields(isNew),
      problem,
      button,
      withProvider(identity, problem),
      ...otherWay(),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      await attempt(problem, () => submit(new FormData(form)));
      button.disabled = false;
    });
    const lead = isNew ? "Create an account." : "Sign in to your messages.";
    box.replaceChildren(...headed(lead, form));
    form.querySelector("input")?.focus();
  }

  /** @param {FormData} form */
  async function submit(form) {
    const data = Object.fromEntries([...form].map(([name, value]) => [name, String(value)]));
    const { email = "", password = "" } = data;
    if (isNew) await identity.signUp(data);
    await identity.signIn(email, password);
  }

  function otherWay() {
    if (!HUB.isRegistrationOpen) {
      const what = HUB.provider === null ? "a new account or a new password" : "a new password";
      return [h("p.hint", {}, `For ${what}, ask the operator of this server.`)];
    }
    const onclick = () => {
      isNew = !isNew;
      draw();
    };
    const text = isNew ? "Sign in instead" : "Create account";
    return [
      h("button.button.quiet", { type: "button", onclick }, text),
      !isNew &&
        h("p.hint", {}, "Password forgotten? Ask the operator of this server for a new one."),
    ];
  }

  if (guest !== null) box.append(...offer(identity, guest, () => draw()));
  else queueMicrotask(() => draw(note));
  return box;
}

/**
 * @param {Identity} identity
 * @param {HTMLElement} problem
 */
function withProvider(identity, problem) {
  const onclick = () => void attempt(problem, () => identity.signInWithProvider());
  const text = `Sign in with ${HUB.provider}`;
  return HUB.provider !== null && h("button.button", { type: "button", onclick }, text);
}

/**
 * @param {Identity} identity
 * @param {Guest} guest
 * @param {() => void} onRefuse called when the user wants another account
 */
function offer(identity, { login, password }, onRefuse) {
  const name = plain(login);
  const problem = h("p.problem", { role: "alert" });
  const enter = () =>
    void attempt(problem, async () => {
      await identity.signIn(login, password).catch((error) => {
        if (!(error instanceof CallFailed) || error.status !== 401) throw error;
        problem.textContent = "This link was already used, or has expired.";
      });
    });
  return headed(
    `This link signs you in as “${name}”, once. Its sender may be able to read what you write.`,
    problem,
    h("button.button.primary", { type: "button", onclick: enter }, `Sign in as ${name}`),
    h("button.button", { type: "button", onclick: onRefuse }, "Use another account"),
  );
}

/**
 * @param {string} lead
 * @param {...Node} parts
 */
function headed(lead, ...parts) {
  return [h("h1", {}, "Parlour"), h("p.lead", {}, lead), ...parts];
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
    field("Date of birth", { name: "date_of_birth", type: "date" }, "Not shown to other users."),
    field(
      "Password",
      { ...password, autocomplete: "new-password", minlength: MIN_PASSWORD },
      `At least ${MIN_PASSWORD} characters.`,
    ),
  ];
}

/** Workspaces: making them, their channels, and letting people in. */

import { attempt, h } from "./dom.js";

export class Workspaces {
  parts;
  #client;
  #channels;
  #openChannel;
  #onChanged;
  #list;
  #problem;

  /**
   * @param {ParlourClient} client finds people
   * @param {ChannelsClient} channels
   * @param {(channel: object, workspace: object) => void} openChannel
   * @param {() => void} onChanged there are other channels now
   * @param {() => void} onBack
   */
  constructor(client, channels, openChannel, onChanged, onBack) {
    this.#client = client;
    this.#channels = channels;
    this.#openChannel = openChannel;
    this.#onChanged = onChanged;
    this.#list = h("div");
    this.#problem = h("p.problem", { role: "alert" });
    this.parts = [
      h(
        "header",
        {},
        h("button.button.quiet.back", { onclick: onBack, "aria-label": "Back to the list" }, "←"),
        h("div.who", {}, h("h2", {}, "Channels")),
      ),
      h(
        "div.sheet",
        {},
        h(
          "p",
          {},
          "A workspace is a group of people with channels. Write @AI in one to ask the assistant.",
        ),
        this.#problem,
        this.#list,
        this.#form("New workspace", "Make it", async (name) => {
          const workspace = await this.#channels.createWorkspace(name);
          await this.#channels.createChannel(workspace.id, "general");
        }),
      ),
    ];
  }

  begin() {
    this.#load();
  }

  async #load() {
    await attempt(this.#problem, async () => {
      if (this.#channels.me === null) {
        this.#list.replaceChildren(h("p.empty", {}, "Sign in again to see your channels."));
        return;
      }
      const found = await this.#channels.workspaces();
      this.#list.replaceChildren(...found.flatMap((workspace) => this.#workspace(workspace)));
    });
  }

  #workspace(workspace) {
    const { id, name, channels, members, ownerId } = workspace;
    const count = members.length === 1 ? "only you" : `${members.length} people`;
    return [
      h("h3", {}, `${name} (${count})`),
      ...channels.map((channel) =>
        h(
          "div.person",
          {},
          h("span.face.channel", { "aria-hidden": "true" }, "#"),
          h("span.name", {}, channel.name),
          h(
            "button.button",
            { type: "button", onclick: () => this.#openChannel(channel, workspace) },
            "Open",
          ),
        ),
      ),
      this.#form(`New channel in ${name}`, "Make it", (title) =>
        this.#channels.createChannel(id, title),
      ),
      ownerId === this.#channels.me.id &&
        this.#form(`Let somebody into ${name}, by username`, "Let in", (username) =>
          this.#letIn(id, username),
        ),
    ].filter(Boolean);
  }

  async #letIn(workspaceId, username) {
    const path = `/api/users?username=${encodeURIComponent(username)}`;
    const [user] = await this.#client.call("GET", path);
    if (user === undefined) throw new Error(`There is nobody called “${username}”.`);
    await this.#channels.addMember(workspaceId, user.id);
  }

  #form(label, word, act) {
    const submit = async (event) => {
      event.preventDefault();
      const form = event.currentTarget;
      await attempt(this.#problem, async () => {
        await act(new FormData(form).get("text").trim());
        form.reset();
        this.#onChanged();
        await this.#load();
      });
    };
    return h(
      "form.inline",
      { onsubmit: submit },
      h(
        "label.field",
        {},
        h("span", {}, label),
        h("input.input", { name: "text", required: true, maxlength: "100", autocomplete: "off" }),
      ),
      h("button.button", {}, word),
    );
  }
}

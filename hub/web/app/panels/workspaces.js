/** Workspaces: making them, their channels, and adding people. */

import { isSamePerson } from "../conversation/conversation.js";
import { channelFace, h, paneHeader } from "../dom/elements.js";
import { attempt } from "../dom/feedback.js";
import { CallFailed } from "../../sdk/parlour.js";
import { HUB } from "../shell/hub_facts.js";
import { plain } from "../dom/text.js";

/**
 * @import { Channel, ChannelsClient, ParlourClient, User, Workspace } from "../../sdk/parlour.js"
 * @import { WorkspaceWithChannels } from "../../sdk/parlour.js"
 */

export class WorkspacesPanel {
  /** @readonly */
  parts;
  #client;
  #channels;
  #openChannel;
  #onChanged;
  #list = h("div");
  /** @type {WorkspaceWithChannels[]} */
  #found = [];
  #isWaiting = false; // for the user to be signed in to channels
  #problem = h("p.problem", { role: "alert" });

  /**
   * @param {ParlourClient} client finds people
   * @param {ChannelsClient} channels
   * @param {(channel: Channel, workspace: Workspace) => void} openChannel
   * @param {() => void} onChanged there are other channels now
   * @param {() => void} onBack
   */
  constructor(client, channels, openChannel, onChanged, onBack) {
    this.#client = client;
    this.#channels = channels;
    this.#openChannel = openChannel;
    this.#onChanged = onChanged;
    const about = [
      "A workspace is a group of people with channels.",
      HUB.hasAssistant && "Write @AI in one to ask the assistant.",
    ];
    this.parts = [
      paneHeader(onBack, h("div.who", {}, h("h2", {}, "Channels"))),
      h(
        "div.sheet",
        {},
        h("p", {}, about.filter(Boolean).join(" ")),
        this.#problem,
        this.#list,
        this.#form("New workspace", "Create", (name) => this.#create(name)),
      ),
    ];
  }

  async start() {
    await attempt(this.#problem, () => this.#load("Loading…"));
  }

  /** It is known by now whether the user is signed in to channels. */
  async channelsChanged() {
    if (this.#isWaiting) await attempt(this.#problem, () => this.#load());
  }

  /** @param {string} [text] where nobody is signed in to channels */
  async #load(text = "Sign in again to see your channels.") {
    const { me } = this.#channels;
    this.#isWaiting = !isSamePerson(this.#client, this.#channels);
    if (me === null || this.#isWaiting) {
      this.#list.replaceChildren(h("p.empty", {}, text));
      return;
    }
    const found = await this.#channels.workspaces();
    this.#found = found;
    this.#list.replaceChildren(...found.flatMap((workspace) => this.#workspace(workspace, me.id)));
  }

  /**
   * @param {WorkspaceWithChannels} workspace
   * @param {number} myId
   */
  #workspace(workspace, myId) {
    const { id, channels, members, ownerId } = workspace;
    const name = plain(workspace.name);
    const count = members.length === 1 ? "only you" : `${members.length} people`;
    const add = () =>
      this.#form(`Add somebody to ${name}, by username`, "Add", (username) =>
        this.#add(id, username),
      );
    return [
      h("h3", {}, `${name} (${count})`),
      ...channels.map((channel) => this.#channel(channel, workspace)),
      this.#form(`New channel in ${name}`, "Create", async (title) => {
        await this.#createChannel(id, title);
      }),
      ...(ownerId === myId ? [add()] : []),
    ];
  }

  /**
   * @param {Channel} channel
   * @param {Workspace} workspace
   */
  #channel(channel, workspace) {
    const open = {
      type: "button",
      onclick: () => this.#openChannel(channel, workspace),
    };
    return h(
      "div.person",
      {},
      channelFace(),
      h("span.name", {}, plain(channel.name)),
      h("button.button", open, "Open"),
    );
  }

  /**
   * @param {number} workspaceId
   * @param {string} name
   */
  async #createChannel(workspaceId, name) {
    try {
      await this.#channels.createChannel(workspaceId, name);
    } catch (error) {
      if (!(error instanceof CallFailed && error.code === "channel_name_taken")) throw error;
      throw taken(name);
    }
  }

  /** @param {string} name */
  async #create(name) {
    const wanted = plain(name).toLowerCase();
    if (this.#found.some((other) => plain(other.name).toLowerCase() === wanted)) throw taken(name);
    const workspace = await this.#channels.createWorkspace(name);
    await this.#channels.createChannel(workspace.id, "general");
  }

  /**
   * @param {number} workspaceId
   * @param {string} text a username
   */
  async #add(workspaceId, text) {
    const username = text.replace(/^@/, "");
    const path = `/api/users?username=${encodeURIComponent(username)}`;
    const [user] = /** @type {User[]} */ (await this.#client.call("GET", path));
    if (user === undefined) throw new Error(`There is nobody called “${username}”.`);
    await this.#channels.addMember(workspaceId, user.id);
  }

  /**
   * @param {string} label
   * @param {string} word on the button
   * @param {(text: string) => Promise<void>} act
   */
  #form(label, word, act) {
    const input = h("input.input", {
      name: "text",
      required: true,
      maxlength: 100,
      autocomplete: "off",
    });
    const submit = async () => {
      await act(input.value.trim());
      input.value = "";
      this.#onChanged();
      await this.#load();
    };
    return h(
      "form.inline",
      {
        onsubmit: (event) => {
          event.preventDefault();
          void attempt(this.#problem, submit);
        },
      },
      h("label.field", {}, h("span", {}, label), input),
      h("button.button", {}, word),
    );
  }
}

/**
 * Two of one name cannot be told apart.
 * @param {string} name
 */
function taken(name) {
  return new Error(`There is “${plain(name)}” already.`);
}

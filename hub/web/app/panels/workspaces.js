/** Workspaces: making them, their channels, and adding people. */

import { isSamePerson } from "../conversation/conversation.js";
import { channelFace, h, paneHeader } from "../dom/elements.js";
import { attempt, confirmed } from "../dom/feedback.js";
import { redrawIn } from "../dom/redraw.js";
import { CallFailed } from "../../sdk/parlour.js";
import { HUB } from "../shell/hub_facts.js";
import { plain } from "../dom/text.js";
import { memberRows } from "./members.js";
import { row } from "./person.js";

/**
 * @import { Channel, ChannelsClient, Invitation, Member } from "../../sdk/parlour.js"
 * @import { ParlourClient, User, Workspace } from "../../sdk/parlour.js"
 * @import { WorkspaceWithChannels } from "../../sdk/parlour.js"
 */

export class WorkspacesPanel {
  /** @readonly */
  parts;
  #client;
  #channels;
  #openChannel;
  #onChanged;
  #invitations = h("div");
  #list = h("div");
  /** @type {Map<number, Member[]>} */
  #members = new Map(); // of the workspaces whose people are shown
  /** @type {WorkspaceWithChannels[]} */
  #found = [];
  /** @type {Map<string, HTMLFormElement>} */
  #forms = new Map(); // what is typed in them stays when the list is drawn again
  #isWaiting = false; // for the user to be signed in to channels
  #problem = h("p.problem", { role: "alert" });

  /**
   * @param {ParlourClient} client finds people
   * @param {ChannelsClient} channels
   * @param {(channel: Channel, workspace: Workspace) => void} openChannel
   * @param {() => void} onChanged the channels have changed
   * @param {() => void} onBack
   */
  constructor(client, channels, openChannel, onChanged, onBack) {
    this.#client = client;
    this.#channels = channels;
    this.#openChannel = openChannel;
    this.#onChanged = onChanged;
    const about = [
      "A workspace is a group of people with channels.",
      HUB.hasAssistant && "Write @AI in a channel to ask the assistant.",
    ];
    this.parts = [
      paneHeader(onBack, h("div.who", {}, h("h2", {}, "Channels"))),
      h(
        "div.sheet",
        {},
        h("p", {}, about.filter(Boolean).join(" ")),
        this.#problem,
        this.#invitations,
        this.#list,
        this.#form("workspace", "New workspace", "Create", (name) => this.#create(name)),
      ),
    ];
  }

  async start() {
    await attempt(this.#problem, () => this.#load("Loading…"));
  }

  /** Whether the user is signed in to channels is known now. */
  async channelsChanged() {
    if (this.#isWaiting) await attempt(this.#problem, () => this.#load());
  }

  /** @param {string} [text] shown if the user is not signed in to channels */
  async #load(text = "Sign in again to see your channels.") {
    const { me } = this.#channels;
    this.#isWaiting = !isSamePerson(this.#client, this.#channels);
    if (me === null || this.#isWaiting) {
      this.#list.replaceChildren(h("p.empty", {}, text));
      return;
    }
    const [invitations, found] = await Promise.all([
      this.#channels.invitations(),
      this.#channels.workspaces(),
    ]);
    this.#found = found;
    this.#invitations.replaceChildren(...this.#invited(invitations));
    await this.#loadMembers(found);
    redrawIn(this.#list, ...found.flatMap((workspace) => this.#workspace(workspace, me.id)));
  }

  /** @param {Invitation[]} invitations */
  #invited(invitations) {
    if (invitations.length === 0) return [];
    return [
      h("h3", {}, "Invitations"),
      ...invitations.map(({ workspace, inviter }) =>
        row(workspace, `from ${plain(inviter.name)}`, [
          ["Accept", () => this.#run(() => this.#channels.acceptInvitation(workspace.id))],
          ["Decline", () => this.#run(() => this.#channels.declineInvitation(workspace.id))],
        ]),
      ),
    ];
  }

  /** @param {Workspace[]} found */
  async #loadMembers(found) {
    const shown = found.filter(({ id }) => this.#members.has(id));
    const members = await Promise.all(shown.map(({ id }) => this.#channels.members(id)));
    this.#members = new Map(shown.map(({ id }, index) => [id, members[index] ?? []]));
  }

  /**
   * Show the people of a workspace, or hide them.
   * @param {number} id
   */
  #toggleMembers(id) {
    if (!this.#members.delete(id)) this.#members.set(id, []);
    void attempt(this.#problem, () => this.#load());
  }

  /**
   * Do something that may change the channels.
   * @param {() => Promise<unknown>} act
   */
  #run(act) {
    void attempt(this.#problem, async () => {
      await act();
      this.#onChanged();
      await this.#load();
    });
  }

  /**
   * @param {Workspace} workspace
   * @param {number} myId
   */
  #people(workspace, myId) {
    const { id } = workspace;
    const members = this.#members.get(id);
    const word = members === undefined ? "Show people" : "Hide people";
    const toggle = h(
      "button.button",
      { type: "button", onclick: () => this.#toggleMembers(id) },
      word,
    );
    if (members === undefined) return [toggle];
    const changes = {
      remove: (/** @type {number} */ userId) => this.#channels.removeMember(id, userId),
      change: (/** @type {number} */ userId, /** @type {Member["workspaceRole"]} */ role) =>
        this.#channels.changeRole(id, userId, role),
    };
    return [toggle, memberRows(workspace, members, myId, changes, (act) => this.#run(act))];
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
      this.#form(`people ${id}`, `Add a user to ${name}, by username`, "Add", (username) =>
        this.#add(id, username),
      );
    return [
      h("h3", {}, `${name} (${count})`),
      ...this.#people(workspace, myId),
      ...channels.map((channel) => this.#channel(channel, workspace)),
      this.#form(`channel ${id}`, `New channel in ${name}`, "Create", async (title) => {
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
    if (user === undefined) throw new Error(`No user has the username “${username}”.`);
    const { members } = await this.#channels.addMember(workspaceId, user.id);
    if (!members.includes(user.id)) confirmed(`${plain(user.name)} is invited.`);
  }

  /**
   * @param {string} key one form is kept for each key
   * @param {string} label
   * @param {string} word on the button
   * @param {(text: string) => Promise<void>} act
   */
  #form(key, label, word, act) {
    const known = this.#forms.get(key);
    if (known !== undefined) return known;
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
    const form = /** @type {HTMLFormElement} */ (
      h(
        "form.inline",
        {
          onsubmit: (event) => {
            event.preventDefault();
            void attempt(this.#problem, submit);
          },
        },
        h("label.field", {}, h("span", {}, label), input),
        h("button.button", {}, word),
      )
    );
    this.#forms.set(key, form);
    return form;
  }
}

/**
 * The error for a name that is taken: two of one name could not be told apart.
 * @param {string} name
 */
function taken(name) {
  return new Error(`The name “${plain(name)}” is already taken.`);
}

/** The panels of the page by their places in its address, each made when it is opened. */

import { ActivityPanel } from "../activity/activity_panel.js";
import { SearchPanel } from "../finding/search_panel.js";
import { PeoplePanel } from "./people.js";
import { RequestsPanel } from "./requests.js";
import { SettingsPanel } from "./settings.js";
import { WorkspacesPanel } from "./workspaces.js";

/**
 * @import { ChannelsClient, Message, ParlourClient, User } from "../../sdk/parlour.js"
 * @import { Activity } from "../activity/activity.js"
 * @import { Conversations } from "../conversation/conversations.js"
 * @import { View } from "../shell/app_shell.js"
 *
 * @typedef {object} Page
 * @property {ParlourClient} client
 * @property {ChannelsClient} channels
 * @property {Conversations} conversations
 * @property {(place: string) => void} go
 * @property {Activity} activity
 * @property {(key: string, message: Message) => void} goToMessage
 * @property {(key: string, message: Message) => void} goToThread
 * @property {() => void} back
 * @property {(me: User) => void} profileChanged
 */

export class Panels {
  /** @readonly */
  search; // which keeps its results
  #page;

  /** @param {Page} page */
  constructor(page) {
    const { client, channels, conversations, goToMessage, back } = page;
    this.#page = page;
    this.search = new SearchPanel(client, channels, conversations, goToMessage, back);
  }

  /**
   * @param {string} place
   * @returns {View | null} null: no panel has that name
   */
  at(place) {
    const { client, channels, conversations, go, back, profileChanged } = this.#page;
    switch (place) {
      case "people":
        return new PeoplePanel(
          client,
          (user) => go(conversations.withPerson(user).key),
          () => void conversations.relationsChanged(),
          back,
        );
      case "requests":
        return new RequestsPanel(conversations, ({ key }) => go(key), back);
      case "channels":
        return new WorkspacesPanel(
          client,
          channels,
          (channel, workspace) => go(conversations.inChannel(channel, workspace).key),
          () => void conversations.loadChannels(),
          back,
        );
      case "mentions":
        return new ActivityPanel(this.#page.activity, [client, channels], {
          onMessage: this.#page.goToMessage,
          onThread: this.#page.goToThread,
          onBack: back,
        });
      case "settings":
        return new SettingsPanel(client, profileChanged, back);
      case "search":
        return this.search;
      default:
        return null;
    }
  }
}

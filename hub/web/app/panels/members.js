/** The members of a workspace, and the actions that the user may take on them. */

import { h } from "../dom/elements.js";
import { row } from "./person.js";

/**
 * @import { Member, Workspace, WorkspaceRole } from "../../sdk/parlour.js"
 * @import { Action } from "./person.js"
 *
 * @typedef {object} Changes
 * @property {(userId: number) => Promise<void>} remove
 * @property {(userId: number, role: WorkspaceRole) => Promise<void>} change
 */

/** @type {Record<WorkspaceRole, string>} */
const WORDS = {
  owner: "owner",
  moderator: "moderator",
  member: "member",
  guest: "guest, read-only",
};

/**
 * @param {Workspace} workspace
 * @param {Member[]} members
 * @param {number} myId
 * @param {Changes} changes
 * @param {(act: () => Promise<void>) => void} run
 */
export function memberRows(workspace, members, myId, changes, run) {
  const mine = members.find(({ id }) => id === myId)?.workspaceRole ?? "guest";
  const rows = members.map((member) => {
    const about = `@${member.username} · ${WORDS[member.workspaceRole]}`;
    const actions = choices(mine, member, member.id === myId, changes, run);
    return row(member, about, actions);
  });
  return h("div.members", { "aria-label": `People in ${workspace.name}`, role: "group" }, ...rows);
}

/**
 * @param {WorkspaceRole} mine
 * @param {Member} member
 * @param {boolean} isMe
 * @param {Changes} changes
 * @param {(act: () => Promise<void>) => void} run
 * @returns {Action[]}
 */
function choices(mine, { id, workspaceRole: role }, isMe, changes, run) {
  /** @type {Action} */
  const remove = [isMe ? "Leave" : "Remove", () => run(() => changes.remove(id))];
  if (isMe) return role === "owner" ? [] : [remove];
  if (mine === "moderator") return role === "member" || role === "guest" ? [remove] : [];
  if (mine !== "owner") return [];
  const to = role === "moderator" ? "member" : "moderator";
  return [[`Make ${to}`, () => run(() => changes.change(id, to))], remove];
}

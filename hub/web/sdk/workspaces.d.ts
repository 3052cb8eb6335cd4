/** Workspaces, their channels and members. */

import type { ChannelId, PlatformUser, UserId } from "./parlour.js";

export interface Channel {
  id: ChannelId;
  workspaceId: number;
  name: string;
}

export interface Workspace {
  id: number;
  name: string;
  ownerId: UserId;
  members: UserId[];
}

/** What a member may do: see docs/permissions.md. */
export type WorkspaceRole = "owner" | "moderator" | "member" | "guest";

export interface Member extends PlatformUser {
  workspaceRole: WorkspaceRole;
}

export interface Invitation {
  workspace: { id: number; name: string; description: string | null };
  inviter: PlatformUser;
  createdAt: string;
}

/** `unreadCount`: among the newest 50 messages; `lastSeq`: 0 without messages; `lastRev`: missing with older hubs. */
export interface ListedChannel extends Channel {
  lastSeq: number;
  lastRev?: number;
  lastMessage: { content: string; createdAt: string } | null;
  unreadCount: number;
  /** how many unread messages mention this user; missing if none does */
  unreadMentions?: number;
  /** this user's notes on it; missing with older hubs */
  unreadFrom?: number | null;
  isMuted?: boolean;
  mutedUntil?: string | null;
}

export interface WorkspaceWithChannels extends Workspace {
  channels: ListedChannel[];
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it, every declaration is exported
export {};

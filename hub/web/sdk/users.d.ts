/** Users, as the hub shows them. */

import type { UserId } from "./parlour.js";

/** A user of the learning platform, as its REST calls show the caller's account. */
export interface PlatformUser {
  id: UserId;
  username: string;
  name: string;
}

export interface User extends PlatformUser {
  first_name: string;
  last_name: string;
  is_public: boolean;
  avatar?: string;
  nickname?: string;
  about_me?: string;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it, every declaration is exported
export {};

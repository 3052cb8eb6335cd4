/** The same types for a program in CommonJS. */

import { ChannelsClient, type Workspace } from "parlour-client";

export async function names(client: ChannelsClient): Promise<string[]> {
  const workspaces: Workspace[] = await client.workspaces();
  return workspaces.map(({ name }) => name);
}

export const make = (url: string): ChannelsClient => new ChannelsClient({ url });

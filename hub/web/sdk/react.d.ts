/** The types of the hooks; hooks.js describes what each does. */

import type { Client, ConnectionState, ConversationId, Message, UserId } from "./parlour.js";

export declare function useConnection(client: Client<unknown>): ConnectionState;
export declare function useStatus(client: Client<unknown>): ConnectionState;
export declare function useMe<Me>(client: Client<Me>): Me | null;
export declare function useMessages(
  client: Client<unknown>,
  conversationId: ConversationId,
): readonly Message[];
export declare function useTypists(
  client: Client<unknown>,
  conversationId: ConversationId,
): readonly (UserId | string)[];
export declare function useQueued(client: Client<unknown>): number;

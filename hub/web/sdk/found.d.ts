/** Searches and their results: see docs/search.md. */

import type { Message } from "./parlour.js";

/** `limit`: the maximum number, up to 20; `cursor`: that of the previous page. */
export interface SearchOptions {
  order?: "newest" | "best";
  language?: string;
  limit?: number;
  cursor?: string;
}

/** `text`: a part of a message's content, from `offset` on; `marks`: the found parts of `text`. */
export interface Snippet {
  text: string;
  offset: number;
  marks: readonly Mark[];
}

/** The part `text.slice(start, end)`. */
export interface Mark {
  start: number;
  end: number;
}

export interface FoundMessage {
  readonly message: Message;
  readonly snippet: Snippet;
}

/** May have fewer than `limit`. `cursor`: that of the next page; null: this is the last page. */
export interface FoundPage {
  found: FoundMessage[];
  cursor: string | null;
}

/** `around`: the id of the message in the middle. At most one of `around`, `before` and `after`. */
export interface HistoryPage {
  around?: number;
  before?: Message;
  after?: Message;
  limit?: number;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it, every declaration is exported
export {};

/** What is found: see docs/search.md. */

import type { Message } from "./parlour.js";

/** `limit`: how many at most, up to 20; `cursor`: that of the page before. */
export interface SearchOptions {
  order?: "newest" | "best";
  language?: string;
  limit?: number;
  cursor?: string;
}

/** A part of a message's content, which begins at `offset` in it; `marks` are parts of `text`. */
export interface Snippet {
  text: string;
  offset: number;
  marks: readonly Mark[];
}

/** From `start` to before `end`, for `text.slice(start, end)`. */
export interface Mark {
  start: number;
  end: number;
}

export interface FoundMessage {
  readonly message: Message;
  readonly snippet: Snippet;
}

/** Perhaps fewer than the limit. `cursor`: of the next page; null: this is the last one. */
export interface FoundPage {
  found: FoundMessage[];
  cursor: string | null;
}

/** `around`: the id of a message that is in the middle; at most one of the three. */
export interface HistoryPage {
  around?: number;
  before?: Message;
  after?: Message;
  limit?: number;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it, every declaration is exported
export {};

/** Options of a client, and of an upload. */

/** Bivariant, because each implementation of WebSocket has its own event types. */
type SocketHandler<Event> = { handle(event: Event): void }["handle"] | null;

/** The part of a WebSocket that the SDK uses: a browser's, or that of the package `ws`. */
export interface Socket {
  readonly readyState: number;
  onopen: SocketHandler<unknown>;
  onmessage: SocketHandler<{ data: unknown }>;
  onerror: SocketHandler<unknown>;
  onclose: SocketHandler<{ code: number }>;
  send(data: string): void;
  close(): void;
}

/** The part of a `Storage` that the SDK uses; each item is also an own enumerable property. */
export interface ItemStorage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

export interface ReconnectOptions {
  /** the delay before the first attempt; it doubles for each further one, less a random part up to half */
  firstMs?: number;
  /** the longest delay before an attempt */
  maxMs?: number;
}

export interface Options {
  /** the address of the hub; by default the origin of the page */
  url?: string;
  /** keeps unsent messages; by default localStorage; null: they are lost when the page is closed */
  storage?: ItemStorage | null;
  /** sent with every request; for sockets only outside of browsers */
  headers?: Record<string, string>;
  /** whether a browser sends cookies to the hub; by default "include", with `getToken` "omit" */
  credentials?: "include" | "same-origin" | "omit";
  /** returns a JSON Web Token, used instead of a cookie; called again when the hub refuses the last one */
  getToken?: () => string | Promise<string>;
  /** by default 500 ms, up to 10 s */
  reconnect?: ReconnectOptions;
  /** by default the global one; called with the address, protocols and `{ headers }`, if any */
  WebSocket?: new (
    address: string,
    ...options: never[]
  ) => Socket;
  fetch?: typeof fetch;
  /** returns a number from 0 to 1, for the jitter of the delay between two attempts to connect */
  random?: () => number;
}

/** Options of an upload. */
export interface Sending {
  /** aborts the upload */
  signal?: AbortSignal;
  /** called with numbers of bytes; in browsers only */
  onProgress?: (sent: number, total: number) => void;
}

export interface StoredFile {
  url: string;
  name: string;
  /** bytes */
  size: number;
  mimeType: string;
  /** of a picture, in pixels */
  width?: number;
  height?: number;
  /** of a picture: its thumbnail, for `fileAddress` */
  thumbnailUrl?: string;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it, every declaration is exported
export {};

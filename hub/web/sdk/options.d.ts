/** What a client, or a call, can be told beside what it is about. */

/** Bivariant, because each implementation of WebSocket has event types of its own. */
type SocketHandler<Event> = { handle(event: Event): void }["handle"] | null;

/** What the SDK uses of a WebSocket: a browser's or that of the package `ws`. */
export interface Socket {
  readonly readyState: number;
  onopen: SocketHandler<unknown>;
  onmessage: SocketHandler<{ data: unknown }>;
  onerror: SocketHandler<unknown>;
  onclose: SocketHandler<{ code: number }>;
  send(data: string): void;
  close(): void;
}

/** What the SDK uses of a `Storage`; each item is an own enumerable property, too. */
export interface ItemStorage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

export interface ReconnectOptions {
  /** before the first attempt; each further one waits twice as long, less up to a half by chance */
  firstMs?: number;
  /** before any attempt */
  maxMs?: number;
}

export interface Options {
  /** the hub; by default where the page came from */
  url?: string;
  /** keeps unsent messages; by default localStorage, null: they are lost with the page */
  storage?: ItemStorage | null;
  /** sent with every request; for sockets only outside of browsers */
  headers?: Record<string, string>;
  /** whether a browser sends cookies to the hub; by default "include", with `getToken` "omit" */
  credentials?: "include" | "same-origin" | "omit";
  /** gives a JSON Web Token instead of a cookie; asked again when the hub refuses the last one */
  getToken?: () => string | Promise<string>;
  /** by default 500 ms, and 10 s at most */
  reconnect?: ReconnectOptions;
  /** by default the global one; called with the address, protocols and `{ headers }`, if any */
  WebSocket?: new (
    address: string,
    ...options: never[]
  ) => Socket;
  fetch?: typeof fetch;
  /** from 0 to 1, for the jitter between two attempts to connect */
  random?: () => number;
}

/** How a file is sent. */
export interface Sending {
  /** ends it */
  signal?: AbortSignal;
  /** in bytes; in pages only */
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
  /** of a picture: a smaller one, for `fileAddress` */
  thumbnailUrl?: string;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it, every declaration is exported
export {};

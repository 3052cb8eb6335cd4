import { UsageError } from "../errors.js";

/**
 * The hub's address, without a slash at the end.
 * @param {string} [url] in a page, relative to it; by default where it came from
 * @throws {UsageError}
 */
export function addressOf(url) {
  const page = globalThis.location;
  try {
    const { origin, pathname, protocol } = new URL(url ?? page?.origin ?? "", page?.href);
    if (protocol === "http:" || protocol === "https:")
      return (origin + pathname).replace(/\/+$/, "");
  } catch {
    // the error below reports it
  }
  throw new UsageError("no_url", `The option url must be the address of a hub, not ${url}`);
}

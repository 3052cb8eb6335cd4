/**
 * When a connection should be checked at once: there is a network again, the user looks at the page,
 * or a page came back from the browser's cache. Without a page, never.
 */

const EVENTS = ["online", "focus", "pageshow"];

/**
 * @param {() => void} act
 * @returns {() => void} ends it
 */
export function onWake(act) {
  const { document } = globalThis;
  const seen = () => {
    if (document?.visibilityState === "visible") act();
  };
  for (const name of EVENTS) globalThis.addEventListener?.(name, act);
  document?.addEventListener("visibilitychange", seen);
  return () => {
    for (const name of EVENTS) globalThis.removeEventListener?.(name, act);
    document?.removeEventListener("visibilitychange", seen);
  };
}

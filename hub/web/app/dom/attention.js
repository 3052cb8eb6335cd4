/** Whether somebody looks at the page: it is in sight, and its window has the focus. */

export function isLooking() {
  return !document.hidden && document.hasFocus();
}

/**
 * Call when that may have begun.
 * @param {() => void} act
 * @param {AbortSignal} signal ends it
 */
export function onLooking(act, signal) {
  const looked = () => {
    if (isLooking()) act();
  };
  document.addEventListener("visibilitychange", looked, { signal });
  globalThis.addEventListener("focus", looked, { signal });
}

/** Whether the user looks at the page: it is visible, and its window has the focus. */

export function isLooking() {
  return !document.hidden && document.hasFocus();
}

/**
 * Call `act` when the user may have begun to look at the page.
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

/**
 * A file that is dropped anywhere goes to the open conversation, and never replaces the page.
 *
 * @typedef {object} Target
 * @property {(files: Iterable<File>) => void} attach
 */

/**
 * @param {HTMLElement} pane that shows that it would take them
 * @param {() => Target | null} target the view that takes them now
 * @param {AbortSignal} signal ends it
 */
export function onFileDrop(pane, target, signal) {
  const dragged = (/** @type {DragEvent} */ event) => {
    const { dataTransfer, type } = event;
    if (!dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    pane.classList.toggle("dropping", target() !== null && type === "dragover");
    if (type === "drop") target()?.attach(dataTransfer.files); // which are empty until then
  };
  for (const name of /** @type {const} */ (["dragover", "dragleave", "drop"])) {
    globalThis.addEventListener(name, dragged, { signal });
  }
}

/** Lists that are drawn again and again: an element is kept as long as its content stays the same. */

/** @typedef {{ look: string, element: HTMLElement }} Kept an element, and what it looks like */

export class KeyedElements {
  /** @type {Map<string, Kept>} */
  #before = new Map();
  /** @type {Map<string, Kept>} */
  #now = new Map();

  /** @param {string} key */
  get(key) {
    return this.#before.get(key)?.element ?? null;
  }

  /** A new drawing begins: elements that it does not request are dropped. */
  begin() {
    this.#now = new Map();
  }

  /**
   * The previous element if it looks the same.
   * @param {string} key
   * @param {string} look
   * @param {() => HTMLElement} make
   */
  element(key, look, make) {
    const before = this.#before.get(key);
    const kept = before?.look === look ? before : { look, element: make() };
    this.#now.set(key, kept);
    return kept.element;
  }

  end() {
    this.#before = this.#now;
  }
}

/**
 * Make `parent` hold these children in this order, touching only what differs. The child that has the
 * focus, or is being pressed, is never moved: it would lose the focus, and the click.
 * @param {HTMLElement} parent
 * @param {HTMLElement[]} wanted
 */
export function reconcile(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.children]) {
    if (!(child instanceof HTMLElement && keep.has(child))) child.remove();
  }
  const fixed = wanted.findIndex((child) => child.matches(":focus-within, :active"));
  let next = wanted[fixed] ?? null;
  for (const child of wanted.slice(0, Math.max(0, fixed)).reverse()) {
    if (child.nextSibling !== next) parent.insertBefore(child, next);
    next = child;
  }
  let previous = wanted[fixed] ?? null;
  for (const child of wanted.slice(fixed + 1)) {
    const place = previous === null ? parent.firstChild : previous.nextSibling;
    if (child !== place) parent.insertBefore(child, place);
    previous = child;
  }
}

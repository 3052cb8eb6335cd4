/**
 * What the page keeps in this browser. A page may be denied its storage, or have used it up: then
 * everything works as if nothing was kept.
 */

/** @param {string} name */
export function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string | null} value null: it is forgotten
 */
export function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // it is kept as long as the page lives
  }
}

/**
 * The names of all items that fit.
 * @param {RegExp} pattern
 */
export function keptNames(pattern) {
  try {
    return Object.keys(localStorage).filter((name) => pattern.test(name));
  } catch {
    return [];
  }
}

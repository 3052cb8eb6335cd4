/**
 * The events of a target as an async iterator, in order, until `return` is called on it.
 * @param {EventTarget} target
 * @param {string[]} names which events
 */
export async function* heard(target, names) {
  const waiting = [];
  let wake = () => {};
  const hear = (event) => {
    waiting.push(event);
    wake();
  };
  for (const name of names) target.addEventListener(name, hear);
  try {
    for (;;) {
      if (waiting.length) yield waiting.shift();
      else await new Promise((resolve) => (wake = resolve));
    }
  } finally {
    for (const name of names) target.removeEventListener(name, hear);
  }
}

/** What localStorage is to the SDK: each item is an own property, too. */
export class MemoryStorage {
  /** @param {string} name */
  getItem(name) {
    return Reflect.get(this, name) ?? null;
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  setItem(name, value) {
    Reflect.set(this, name, value);
  }

  /** @param {string} name */
  removeItem(name) {
    Reflect.deleteProperty(this, name);
  }
}

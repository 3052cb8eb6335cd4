/**
 * What is in view stays where it is while the list around it changes; whoever is at the end stays
 * there, but is not taken past what is unread.
 */

const NEAR_PX = 40; // from the end

export class ScrollAnchor {
  /** Whether the end is in view. */
  isAtEnd = true;
  #isOpening = true; // it goes to what is unread, or to the end, until the reader scrolls
  #scroll;
  /** @type {HTMLElement | null} */
  #element = null; // the first message in view
  #top = 0; // where it is in the list
  #put = 0; // the position that was not chosen by the reader

  /** @param {HTMLElement} scroll */
  constructor(scroll) {
    this.#scroll = scroll;
  }

  /** Everything is there that it opens with. */
  opened() {
    this.#isOpening = false;
  }

  /** The reader may have scrolled; to be asked before the list changes, too: the event comes late. */
  scrolled() {
    if (Math.abs(this.#scroll.scrollTop - this.#put) > 1) this.opened();
    this.#remember();
  }

  #remember() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    this.isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    this.#element = this.#firstInView();
    this.#top = this.#element?.offsetTop ?? 0;
  }

  /**
   * The list has changed.
   * @param {HTMLElement | null} unread where what is unread begins; null: nothing is
   */
  restore(unread) {
    const element = this.#element;
    if (this.isAtEnd || this.#isOpening) {
      const end = this.#scroll.scrollHeight;
      this.#scroll.scrollTop = unread === null ? end : Math.min(end, unread.offsetTop);
    } else if (element?.isConnected) {
      this.#scroll.scrollTop += element.offsetTop - this.#top;
    }
    this.#put = this.#scroll.scrollTop;
    this.#remember();
  }

  toEnd() {
    this.opened();
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#put = this.#scroll.scrollTop;
    this.#remember();
  }

  /** Messages follow each other from above to below, so half of them can be left out at a time. */
  #firstInView() {
    const { children, scrollTop } = this.#scroll;
    let [from, to] = [0, children.length];
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      const child = /** @type {HTMLElement} */ (children[middle]);
      if (child.offsetTop + child.offsetHeight > scrollTop) to = middle;
      else from = middle + 1;
    }
    for (let at = from; at < children.length; at += 1) {
      const child = children[at];
      if (child instanceof HTMLElement && child.classList.contains("bubble")) return child;
    }
    return null;
  }
}

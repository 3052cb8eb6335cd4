/**
 * Keeps the view in place while the list around it changes; a view at the end stays at the end, but does
 * not move past the first unread message.
 */

const NEAR_PX = 40; // from the end
const HEAD_PX = 32; // of the view is covered by the day

export class ScrollAnchor {
  /** Whether the end is in view. */
  isAtEnd = true;
  /** Whether there is more below than what is drawn. */
  isCut = false;
  #isOpening = true;
  #scroll;
  #bubbles; // a live collection of what is drawn
  /** @type {HTMLElement | null} */
  #element = null; // the first message in view
  #top = 0; // where it is in the view, or above it
  #put = 0; // the scroll position that was last set here, not by the reader

  /** @param {HTMLElement} scroll */
  constructor(scroll) {
    this.#scroll = scroll;
    this.#bubbles = scroll.getElementsByClassName("bubble");
  }

  /** Whether it still opens, at the first unread message or the end: the reader has not scrolled yet. */
  get isOpening() {
    return this.#isOpening;
  }

  /** The first message in view. */
  get element() {
    return this.#element;
  }

  /** Everything that it opens with is loaded. */
  opened() {
    this.#isOpening = false;
  }

  /** The reader may have scrolled. To be called before the list changes, too: the event comes late. */
  scrolled() {
    if (Math.abs(this.#scroll.scrollTop - this.#put) > 1) this.opened();
    this.#remember();
  }

  #remember() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    this.isAtEnd = !this.isCut && scrollHeight - scrollTop - clientHeight < NEAR_PX;
    this.#element = this.#firstInView();
    this.#top = (this.#element?.offsetTop ?? 0) - scrollTop;
  }

  /**
   * The list has changed.
   * @param {HTMLElement | null} unread the divider before unread messages; null: there are none
   * @param {HTMLElement | null} element that now shows the message that was first in view
   */
  restore(unread, element = this.#element) {
    if (this.isAtEnd || this.#isOpening) {
      const end = this.#scroll.scrollHeight;
      this.#scroll.scrollTop = unread === null ? end : Math.min(end, unread.offsetTop - HEAD_PX);
    } else if (element?.isConnected) {
      this.#scroll.scrollTop = element.offsetTop - this.#top;
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

  /** A binary search: messages follow each other from top to bottom. */
  #firstInView() {
    const { scrollTop } = this.#scroll;
    let [from, to] = [0, this.#bubbles.length];
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      const { offsetTop, offsetHeight } = /** @type {HTMLElement} */ (this.#bubbles[middle]);
      if (offsetTop + offsetHeight > scrollTop) to = middle;
      else from = middle + 1;
    }
    return /** @type {HTMLElement | undefined} */ (this.#bubbles[from]) ?? null;
  }
}

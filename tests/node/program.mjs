/** How a program talks with the test that runs it: lines of JSON out, lines in. */

import { createInterface } from "node:readline";

/**
 * Something happened.
 * @param {object} event
 */
export function print(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/**
 * Do something for each line that the test writes, until `endInput`.
 * @param {(line: string) => void} act
 */
export function onLine(act) {
  createInterface({ input: process.stdin }).on("line", act);
}

/**
 * Do something when the test writes no more.
 * @param {() => void} act
 */
export function onEnd(act) {
  process.stdin.on("end", act);
}

/** No more lines are wanted: the program ends once nothing else is open. */
export function endInput() {
  process.stdin.destroy();
}

/** Questions to the test. */
export class Questions {
  #lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

  /**
   * Say what the test is to do, and wait until it says that it is done.
   * @param {object} wanted
   */
  async ask(wanted) {
    print(wanted);
    const { done } = await this.#lines.next();
    if (done) throw new Error("the test is gone");
  }
}

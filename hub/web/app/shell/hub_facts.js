/** Facts about this hub, which it wrote into the page; missing ones are as in a new installation. */

export const MIN_PASSWORD = 8; // characters; every hub has the same

/**
 * @typedef {object} HubFacts
 * @property {number} maxContentChars the longest message, in code points
 * @property {number} maxUploadBytes the largest file
 * @property {boolean} isRegistrationOpen whether people make their own accounts
 * @property {string | null} provider with whom people may sign in, as they call it
 * @property {boolean} hasAssistant whether `@AI` is answered
 * @property {boolean} isDemo whether a link may sign a browser in
 */

/** @type {HubFacts} */
const DEFAULTS = {
  maxContentChars: 4_000,
  maxUploadBytes: 10_485_760,
  isRegistrationOpen: true,
  provider: null,
  hasAssistant: false,
  isDemo: false,
};

/** @type {HubFacts} */
export const HUB = Object.freeze({ ...DEFAULTS, ...written() });

/** @returns {Partial<HubFacts>} */
function written() {
  try {
    return JSON.parse(document.querySelector('meta[name="hub"]')?.getAttribute("content") ?? "{}");
  } catch {
    return {}; // a proxy may have changed the page
  }
}

/**
 * What is open, in the page's address, so that Back, a reload and a bookmark open it: `#/person/5`,
 * `#/channel/7`, `#/people`, `#/channels`, `#/mentions`, `#/requests`, `#/search`, `#/settings`; the list has
 * none.
 */

const LIST = "";

/** @returns {string} the place, as `goTo` takes it */
export function placeNow() {
  const [, place = LIST] = /^#\/([a-z]+(?:\/\d{1,15})?)$/.exec(location.hash) ?? [];
  return place.replace("/", ".");
}

/** @param {string} place the key of a conversation, or the name of a panel; empty: the list */
export function goTo(place) {
  if (place === placeNow()) return;
  const hash = place === LIST ? "" : `#/${place.replace(".", "/")}`;
  const isFromList = placeNow() === LIST;
  history.pushState({ isFromList }, "", location.pathname + hash);
}

/**
 * Go back to the list, by the history if the page came from there.
 * @returns {boolean} whether the address changes later, by itself
 */
export function goToList() {
  if (history.state?.isFromList) {
    history.back();
    return true;
  }
  goTo(LIST);
  return false;
}

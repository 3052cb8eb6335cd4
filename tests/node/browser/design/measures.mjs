/** What is measured inside the page; each function is sent there, so it uses nothing from outside. */

/**
 * How well the borders of controls stand out from what is around them.
 */
export function lines() {
  /** @param {string} colour as the browser computes it */
  function channelsOf(colour) {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
    return { red, green, blue, alpha };
  }
  /** @param {Element | null} element whose background is seen */
  function backgroundOf(element) {
    for (let each = element; each !== null; each = each.parentElement) {
      const { backgroundColor } = getComputedStyle(each);
      if (channelsOf(backgroundColor).alpha === 1) return backgroundColor;
    }
    return "rgb(255, 255, 255)";
  }
  /** @param {string} colour */
  function luminance(colour) {
    const { red, green, blue } = channelsOf(colour);
    const [r = 0, g = 0, b = 0] = [red, green, blue].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  /**
   * @param {string} one
   * @param {string} other
   */
  function contrast(one, other) {
    const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }
  const found = [];
  for (const element of document.querySelectorAll(
    ".input, .box, .button, .jump, .switch i, .day.new",
  )) {
    const edge = getComputedStyle(element, element.matches(".day") ? "::before" : null);
    const isLine = edge.borderTopStyle !== "none" && channelsOf(edge.borderTopColor).alpha > 0;
    if (!isLine || element.getClientRects().length === 0) continue;
    const around = backgroundOf(element.parentElement);
    const name = element.className || element.tagName;
    found.push({ name, ratio: contrast(edge.borderTopColor, around) });
  }
  return found;
}

/** What can be pressed and is in sight, but for links in the text that people write. */
export function targets() {
  const found = [];
  const selector = "button, a, input, textarea, summary, select, [role=button], [role=switch]";
  for (const element of document.querySelectorAll(selector)) {
    const { width, height } = element.getBoundingClientRect();
    const isHidden = width === 0 || element.matches(".unseen");
    if (isHidden || element.closest(".words")) continue;
    found.push({ name: `${element.className} ${element.textContent}`, width, height });
  }
  return found;
}

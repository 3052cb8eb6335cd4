/**
 * Shows a text when the page cannot start: a script was not loaded, or this browser is too old for
 * it. This is no module, and in the oldest JavaScript, so that it works where nothing else does.
 */
(() => {
  function failed() {
    const root = document.getElementById("root");
    if (root === null || !root.hasAttribute("aria-busy")) return; // it has started
    const words = document.createElement("p");
    words.className = "empty";
    words.setAttribute("role", "alert");
    words.textContent = "Parlour could not start. Reload the page, or try a newer browser.";
    root.replaceChildren(words);
  }

  addEventListener("error", failed, true); // captured: the error of a script that was not loaded does not bubble
  addEventListener("unhandledrejection", failed);
})();

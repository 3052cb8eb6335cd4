/** Reports how much of a request was sent, which `fetch` does not; pages use XMLHttpRequest for it. */

/**
 * Works like `fetch`, and reports as the body is sent. It takes no `Request`, and of the response's
 * headers it returns only `Retry-After`.
 * @param {(sent: number, total: number) => void} onProgress in bytes, with all that surrounds the body
 * @returns {typeof fetch}
 */
export function fetchWithProgress(onProgress) {
  return (url, { method = "GET", headers = {}, body = null, credentials, signal } = {}) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, String(url));
      request.withCredentials = credentials === "include";
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded, total }) => onProgress(loaded, total);
      request.onload = () => resolve(responseOf(request));
      request.onerror = () => reject(new TypeError("The request failed"));
      request.onabort = () => reject(signal?.reason);
      signal?.addEventListener("abort", () => request.abort(), { once: true });
      if (signal?.aborted) reject(signal.reason);
      else request.send(/** @type {XMLHttpRequestBodyInit | null} */ (body));
    });
}

/** @param {XMLHttpRequest} request */
function responseOf(request) {
  const headers = new Headers();
  const retryAfter = request.getResponseHeader("retry-after");
  if (retryAfter !== null) headers.set("retry-after", retryAfter);
  return new Response(request.responseText || null, { status: request.status, headers });
}

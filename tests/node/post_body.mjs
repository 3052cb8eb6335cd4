/** Posts a body of a given size with Node's fetch, and prints the status and code of the answer. */

const [url = "", size = "0", framing = ""] = process.argv.slice(2);
const CHUNK_BYTES = 65_536;

/** A body whose length is not declared. */
function chunks() {
  let left = Number(size);
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(new Uint8Array(Math.min(left, CHUNK_BYTES)));
      left -= CHUNK_BYTES;
    },
  });
}

const body = framing === "chunked" ? chunks() : new Uint8Array(Number(size));
/** @type {RequestInit & { duplex: "half" }} */
const options = {
  method: "POST",
  body,
  duplex: "half",
  headers: { "Content-Type": "application/json" },
};
const response = await fetch(url, options);
const { code } = /** @type {{ code: string }} */ (await response.json());
process.stdout.write(`${JSON.stringify({ status: response.status, code })}\n`);

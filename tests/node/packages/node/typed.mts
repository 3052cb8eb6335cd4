/** What a program in TypeScript may rely on; nothing of it is run. */

import {
  CallFailed,
  type ClientEvent,
  type Message,
  ParlourClient,
  Reason,
  UsageError,
} from "parlour-client";
import { WebSocket } from "ws";

const client = new ParlourClient({
  url: "http://127.0.0.1:8000",
  WebSocket,
  credentials: "include",
  getToken: async () => "token",
  reconnect: { firstMs: 100, maxMs: 5_000 },
});

const listening = new AbortController();
client.addEventListener(
  "status",
  ({ detail: { status, reason, retryInMs } }) => {
    const isLost: boolean = status === "waiting" && reason === Reason.LOST;
    console.log(isLost, (retryInMs ?? 0) / 1_000);
  },
  { signal: listening.signal },
);
client.addEventListener("message", ({ detail }) => console.log(detail.message.content));
// @ts-expect-error there is no such event
client.addEventListener("massage", () => undefined);
// @ts-expect-error its detail has no such field
client.addEventListener("queue", ({ detail }) => detail.messages);

function summary(event: ClientEvent): string {
  switch (event.type) {
    case "typing":
      return `${event.detail.who} ${event.detail.isTyping}`;
    case "problem":
      return event.detail.code;
    default:
      return event.type;
  }
}
for await (const event of client.events()) console.log(summary(event));

const messages: readonly Message[] = client.messages(2);
// @ts-expect-error what is shown is not changed in place
messages.push(messages[0]);
try {
  client.send(2, "hi");
} catch (error) {
  if (error instanceof UsageError && error.code === "not_connected") await client.connect();
  // @ts-expect-error there is no such code
  if (error instanceof UsageError && error.code === "unconnected") throw error;
  if (error instanceof CallFailed && error.code === "rate_limited") console.log(error.retryAfter);
}

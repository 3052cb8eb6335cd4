"use strict";

/** A program that knows `require` only. */

const { CallFailed, ChannelsClient, ParlourClient } = require("parlour-client");
const { WebSocket } = require("ws");

const url = process.env.PARLOUR_URL ?? "";
const clients = [ParlourClient, ChannelsClient].map((Client) => new Client({ url, WebSocket }));
const signingIn = clients.map((client) => client.signIn("nobody", "a wrong password"));
void Promise.allSettled(signingIn).then((outcomes) => {
  const refusals = outcomes.map(({ reason }) => [reason instanceof CallFailed, reason.status]);
  console.log(JSON.stringify(refusals));
});

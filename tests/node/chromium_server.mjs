/**
 * A Chromium for programs that `connect`: says where it is for each line that it is asked, and ends
 * with its standard input, or when the browser does.
 */

import { launchServer } from "./chromium.mjs";
import { onEnd, onLine, print } from "./program.mjs";

const server = await launchServer();
server.on("close", () => process.exit());
onLine(() => print({ address: server.wsEndpoint() }));
onEnd(() => server.close());

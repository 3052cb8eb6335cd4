/**
 * A Chromium for programs that `connect`: says where it is for each line that it is asked, if it
 * still answers. Ends with its standard input, or when the browser does.
 */

import { connect, launchServer } from "./chromium.mjs";
import { onEnd, onLine, print } from "./program.mjs";

const server = await launchServer();
const address = server.wsEndpoint();
const session = await (await connect(address)).newBrowserCDPSession();
server.on("close", () => process.exit());
onEnd(() => server.close());
onLine(async () => {
  await session.send("Browser.getVersion");
  print({ address });
});

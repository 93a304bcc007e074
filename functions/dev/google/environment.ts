/** The environment of a user who has signed in to the Firebase CLI, with nothing of this machine's own accounts. */

import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import type { GoogleProxy } from "./proxy.ts";

/** Signs a user in, who keeps all files in `folder`. Answers with the environment of whatever the user runs. */
export async function signIn(folder: string, proxy: GoogleProxy): Promise<Record<string, string>> {
  const home = join(folder, "home");
  const config = join(home, ".config");
  await mkdir(join(config, "configstore"), { recursive: true });
  const hour = 3_600_000;
  const kept = {
    user: { email: "operator@example.com" },
    tokens: {
      access_token: "stand-in",
      refresh_token: "stand-in",
      expires_at: Date.now() + 24 * hour,
      scopes: [],
    },
    usage: false, // Of analytics.
    motd: { fetched: Date.now() },
  };
  await writeFile(join(config, "configstore/firebase-tools.json"), JSON.stringify(kept));
  return {
    PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
    HOME: home,
    XDG_CONFIG_HOME: config,
    TMPDIR: folder,
    HTTPS_PROXY: proxy.url,
    HTTP_PROXY: proxy.url,
    NO_PROXY: "127.0.0.1,localhost",
    NODE_USE_ENV_PROXY: "1",
    NODE_EXTRA_CA_CERTS: proxy.certificate,
    NO_UPDATE_NOTIFIER: "1",
    npm_config_update_notifier: "false",
    npm_config_offline: "true", // The CLI asks npm for newer versions of its SDK.
    METADATA_SERVER_DETECTION: "none",
  };
}

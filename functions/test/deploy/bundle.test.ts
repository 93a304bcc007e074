import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Firestore } from "firebase-admin/firestore";
import { type FirestoreServer, serveFirestore } from "../../dev/local/firestore-server.ts";
import { startFunction } from "../../dev/local/framework.ts";
import { projectId } from "../../dev/local/stack.ts";
import { attempts, writeCounter } from "../../dev/testing/counters.ts";
import { createdMessage, deliver } from "../../dev/testing/eventarc.ts";
import { newApp, storeEvent } from "../../dev/testing/events.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { readCounts } from "../backend.ts";

/** A line of a stack trace, with the path of the file and the number of the line. */
const FRAME = / at .*\((.*\/src\/settings\.ts):(\d+):\d+\)/;

/** `stats` is built, too, wherever the tests send to it: see `test/backend.ts`. */
describe("the built functions, each in a process of its own", () => {
  let firestore: Firestore;
  let server: FirestoreServer;
  let env: Record<string, string>;

  before(async () => {
    firestore = createFirestore(projectId);
    server = await serveFirestore(firestore);
    env = { GCLOUD_PROJECT: projectId, FIRESTORE_EMULATOR_HOST: server.host };
  });

  after(() => server.close());

  it("count an event once, however often Eventarc delivers it", async () => {
    const app_id = newApp();
    const uncounted = await storeEvent(firestore, { app_id });
    const { url, child } = await startFunction("countEvent", env, "cloudevent");
    const message = createdMessage(uncounted);
    const answers = [await deliver(url, message), await deliver(url, message)];
    child.kill("SIGKILL");
    expect(answers).to.deep.equal([204, 204]);
    expect(await readCounts(firestore, `counters/${app_id}@2.5.1`)).to.deep.equal({
      actions: { set: 1 },
      platforms: { android: { set: 1 } },
    });
  });

  it("serve the dashboard's page, and the counters that a query finds", async () => {
    const app_id = newApp();
    await writeCounter(firestore, app_id, "2.5.1", { 0: { ios: attempts(10) } });
    const { url, child } = await startFunction("dashboard", env);
    const get = async (path: string) => (await fetch(new URL(path, url))).text();
    const data = JSON.parse(await get(`data?app=${app_id}`));
    const page = await get("");
    const script = /src="(?<path>[^"]+\/(?<name>[^"/]+))"/.exec(page)?.groups;
    const served = await get(script?.path ?? "");
    child.kill("SIGKILL");
    expect(data.app).to.include({ app_id });
    expect(page).to.equal(pageFile("index.html"));
    expect(served).to.equal(pageFile(script?.name ?? ""));
    expect(data.page).to.include(script?.name);
  });

  it("name the file and the line of src/ in a stack trace", async () => {
    const failure = await startFunction("stats", { ...env, REGION: "moon" }).catch((error) => error);
    expect(failure.message).to.match(FRAME);
    const [, file = "", line] = FRAME.exec(failure.message) ?? [];
    const source = readFileSync(file, "utf8").split("\n");
    expect(source[Number(line) - 1]).to.include("throw new SettingError(");
  });
});

function pageFile(name: string): string {
  return readFileSync(new URL(`../../lib/dashboard/${name}`, import.meta.url), "utf8");
}

/** A process that holds a Firestore, and pushes the deltas in it to the function that adds them. */

import { FirestoreMock } from "@firebase-bridge/firestore-admin";
import { DELTAS } from "../../src/counting/documents.ts";
import { serveFirestore } from "../local/firestore-server.ts";
import { projectId } from "../local/stack.ts";
import { createdMessage } from "../testing/eventarc.ts";
import { createPush } from "./push.ts";

/** What its parent may ask: to push deltas to a function, or to say when all of them are taken. */
export type Request = { pushDeltasTo: string; atOnce: number } | "settle";

const database = new FirestoreMock().createDatabase(projectId);
const firestore = database.firestore();
const underWay = new Set<Promise<unknown>>();

process.on("message", async (request: Request) => {
  if (request === "settle") while (underWay.size > 0) await Promise.all(underWay);
  else pushDeltas(request.pushDeltasTo, request.atOnce);
  process.send?.("done");
});
process.on("disconnect", () => process.exit());
process.send?.((await serveFirestore(firestore)).host);

function pushDeltas(url: string, atOnce: number): void {
  const push = createPush(() => url, atOnce);
  database.database.registerTrigger({
    route: `${DELTAS}/{deltaId}`,
    callback({ doc }) {
      if (!doc.exists || doc.previous?.exists) return;
      const created = firestore.doc(doc.path).get();
      const pushed = created.then((delta) => push(createdMessage(delta)));
      const ended = pushed.finally(() => underWay.delete(ended));
      underWay.add(ended);
    },
  });
}

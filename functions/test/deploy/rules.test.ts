import { readFileSync } from "node:fs";
import {
  assertFails,
  initializeTestEnvironment,
  type RulesTestEnvironment,
} from "@firebase/rules-unit-testing";
import { collection, deleteDoc, doc, getDoc, getDocs, setDoc, setLogLevel } from "firebase/firestore";

const rules = readFileSync(new URL("../../../firestore.rules", import.meta.url), "utf8");
const emulator = process.env.FIRESTORE_EMULATOR_HOST;

const paths = [
  "events/0123456789abcdef",
  "counters/com.example.shop@2.5.1",
  "counters/com.example.shop@2.5.1/days/2026-11-23",
  "deltas/delta",
  "anything/else",
];

if (emulator) {
  describe("firestore.rules", () => {
    let environment: RulesTestEnvironment;

    before(async () => {
      setLogLevel("silent"); // It would print each refusal.
      const [host = "", port] = emulator.split(":");
      const firestore = { rules, host, port: Number(port) };
      environment = await initializeTestEnvironment({ projectId: "demo-rules", firestore });
    });

    after(() => environment.cleanup());

    for (const who of ["a stranger", "a signed-in user", "an administrator of the app"]) {
      it(`refuse ${who} to read, list, write and delete`, async () => {
        const context =
          who === "a stranger"
            ? environment.unauthenticatedContext()
            : environment.authenticatedContext("someone", { admin: who.startsWith("an administrator") });
        const firestore = context.firestore();
        for (const path of paths) {
          const document = doc(firestore, path);
          await assertFails(getDoc(document));
          await assertFails(getDocs(collection(firestore, path.split("/").slice(0, -1).join("/"))));
          await assertFails(setDoc(document, { counted: false }));
          await assertFails(deleteDoc(document));
        }
      });
    }
  });
} else {
  describe("firestore.rules", () => {
    it("refuse every client access (needs the Firestore emulator: npm run test:emulators)");
  });
}

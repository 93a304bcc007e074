import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { expect } from "chai";

describe("npm run proof:official, where there is no official emulator", () => {
  it("says what is missing, and ends with a code of its own", () => {
    const { JAVA_HOME, FIRESTORE_EMULATOR_BINARY_PATH, ...env } = process.env;
    const { status, stderr, stdout } = spawnSync(process.execPath, ["dev/proof/official/run.ts"], {
      cwd: join(import.meta.dirname, "../.."),
      env: { ...env, PATH: dirname(process.execPath) },
      encoding: "utf8",
    });
    expect(stderr).to.equal(
      "proof:official: the Firestore emulator needs Java 21 or later, and there is none on the PATH.\n" +
        "Install it (https://adoptium.net), and see that `java -version` shows it.\n",
    );
    expect(stdout).to.equal("");
    expect(status).to.equal(69);
  });
});

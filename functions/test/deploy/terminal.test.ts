import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { situations } from "../../dev/google/situations.ts";
import { type Google, startGoogle } from "../../dev/google/stand-in.ts";
import { type Clone, createClone } from "./clone.ts";
import { hasTerminal, openTerminal, type Terminal } from "./terminal.ts";

/** The settings in the order in which they are asked for: what is shown then, and what is typed, often nothing. */
const SETTINGS: [name: string, shown: string, typed: string][] = [
  ["APP_IDS", "value for App ids that are served", "com.example.shop"],
  ["STATS_TOKEN", "value for Token that statsUrl must carry", ""],
  ["EXTRA_ACTIONS", "value for Actions to accept", ""],
  ["EVENT_RETENTION_DAYS", "value for Days to keep events", "30"],
  ["STORE_CUSTOM_ID", "value for Store custom_id", ""],
  ["STORE_METADATA", "value for Store message and metadata", ""],
  ["MAX_EVENTS_PER_SECOND", "value for Most events a second", ""],
  ["ALARM_WEBHOOK_URL", "value for URL that is told", ""],
  ["ALARM_THRESHOLD_PERCENT", "value for Percent of devices", ""],
  ["REGION", "value for Where the functions run", "moon"],
  ["REGION", "REGION: expected a region like us-central1", "europe-west4"],
  ["STATS_MAX_INSTANCES", "value for Most instances of stats", ""],
  ["STATS_MIN_INSTANCES", "value for Instances of stats that are always there", "1"],
  ["COUNTER_MAX_INSTANCES", "value for Most instances of countEvent", ""],
];

if (hasTerminal) {
  describe("firebase deploy, in a terminal, where settings are in no file", () => {
    let clone: Clone;
    let google: Google;
    let terminal: Terminal;

    before(async () => {
      clone = await createClone();
      await rm(join(clone.functions, ".env"));
      google = await startGoogle(situations.empty());
      const firebase = join(clone.functions, "node_modules/.bin/firebase");
      terminal = openTerminal(`"${firebase}" deploy --project stand-in`, clone.root, google.env);
      for (const [, shown, typed] of SETTINGS) await terminal.answer(shown, typed);
      await terminal.answer("will newly be retried in case of failure", "");
      await terminal.answer("reserved minimum instances", "");
      await terminal.answer("How many days do you want to keep container images", "");
      expect(await terminal.ended, terminal.shown()).to.equal(0);
    });

    after(async () => {
      terminal.close();
      await google.close();
      await clone.remove();
      expect(google.unknown).to.deep.equal([]);
    });

    it("asks for each, again after a wrong answer, and keeps the answers in .env.PROJECT", async () => {
      const example = await readFile(join(clone.functions, ".env.example"), "utf8");
      const kept = await readFile(join(clone.functions, ".env.stand-in"), "utf8");
      const settings = (text: string) =>
        Object.fromEntries(
          text.split("\n").flatMap((line) => (/^[A-Z]/.test(line) ? [line.split("=")] : [])),
        );
      const typed = SETTINGS.flatMap(([name, , typed]) => (typed ? [[name, typed]] : []));
      expect(settings(kept)).to.deep.equal({ ...settings(example), ...Object.fromEntries(typed) });
    });

    it("asks whether triggers may be retried, whether instances may always run, how long to keep images, and no more", () => {
      const questions = terminal.shown().match(/(?<=✔ )(?!Enter )[A-Z].*\?/g);
      expect(questions).to.deep.equal([
        "Would you like to proceed with deployment?",
        "Would you like to proceed with deployment?",
        "How many days do you want to keep container images before they're deleted?",
      ]);
      expect(google.project.functions.size).to.equal(6);
    });
  });
} else {
  describe("firebase deploy, in a terminal", () => {
    it("asks for settings, again after a wrong answer (needs `script` of util-linux)");
  });
}

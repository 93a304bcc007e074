import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { situations } from "../../dev/google/situations.ts";
import { type Google, startGoogle } from "../../dev/google/stand-in.ts";
import { hasTerminal, inTerminal } from "../terminal.ts";
import { type Clone, createClone } from "./clone.ts";

/** The settings in the order in which they are asked for: what is shown then, and what is typed, often nothing. */
const SETTINGS: [name: string, shown: string, typed: string][] = [
  ["APP_IDS", "value for App ids that are served", "nodots"],
  ["APP_IDS", "APP_IDS: expected nothing, or an app id like com.example.app", "com.example.shop"],
  ["STATS_TOKEN", "value for Token that statsUrl must carry", ""],
  ["EXTRA_ACTIONS", "value for Actions to accept", ""],
  ["EVENT_RETENTION_DAYS", "value for Days to keep events", "-5"],
  ["EVENT_RETENTION_DAYS", "EVENT_RETENTION_DAYS: expected a whole number from 0 to 36500", "30"],
  ["STORE_CUSTOM_ID", "value for Store custom_id", "perhaps"],
  ["STORE_CUSTOM_ID", "STORE_CUSTOM_ID: expected true or false", "false"],
  ["STORE_METADATA", "value for Store message and metadata", ""],
  ["MAX_EVENTS_PER_SECOND", "value for Most events a second", ""],
  ["ALARM_WEBHOOK_URL", "value for URL that is told", ""],
  ["ALARM_THRESHOLD_PERCENT", "value for Percent of devices", ""],
  ["REGION", "value for Where the functions run", "moon"],
  ["REGION", "REGION: expected a region of Cloud Functions, such as us-central1", "europe-west4"],
  ["STATS_MAX_INSTANCES", "value for Most instances of stats", ""],
  ["STATS_MIN_INSTANCES", "value for Instances of stats that are always there", "1"],
  ["COUNTER_MAX_INSTANCES", "value for Most instances of countEvent", "0"],
  ["COUNTER_MAX_INSTANCES", "COUNTER_MAX_INSTANCES: expected a whole number from 1 to 1000", "5"],
];

if (hasTerminal) {
  describe("firebase deploy, in a terminal, where settings are in no file", () => {
    let clone: Clone;
    let google: Google;
    let shown: string;

    before(async () => {
      clone = await createClone();
      await rm(join(clone.functions, ".env"));
      google = await startGoogle(situations.empty());
      const firebase = join(clone.functions, "node_modules/.bin/firebase");
      const settings = SETTINGS.map(([, shown, typed]) => [shown, `${typed}\r`] as const);
      const run = await inTerminal(
        `"${firebase}" deploy --project stand-in`,
        { cwd: clone.root, env: google.env },
        [
          ...settings,
          ["will newly be retried in case of failure", "\r"],
          ["reserved minimum instances", "\r"],
          ["How many days do you want to keep container images", "\r"],
        ],
      );
      expect(run.exitCode, run.shown).to.equal(0);
      shown = run.shown;
    });

    after(async () => {
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
      const { SERVICE_ACCOUNT, ...asked } = settings(example); // It is the one that can only be set in a file.
      expect(settings(kept)).to.deep.equal({ ...asked, ...Object.fromEntries(typed) });
    });

    it("asks whether triggers may be retried, whether instances may always run, how long to keep images, and no more", () => {
      const questions = shown.match(/(?<=✔ )(?!Enter )[A-Z].*\?/g);
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

/** `npm run deploy`: looks at what is in a project before it calls `firebase deploy`. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { printable } from "../src/printable.ts";
import { type Command, ExitCode, main, text, yes } from "./lib/command.ts";
import { readEnvironment } from "./lib/deployment/environment.ts";
import {
  chooseProject,
  type Database,
  firebaseCli,
  firebaseDeploy,
  root,
  sayReasons,
} from "./lib/deployment/firebase-cli.ts";
import { type Plan, planDeployment } from "./lib/deployment/plan.ts";
import { DATABASE, type Project, readProject } from "./lib/deployment/project.ts";
import { type Session, UsageError } from "./lib/session.ts";

const options = z.object({
  project: text("ID", "the project (default: that of `firebase use`)"),
  yes,
});

const command: Command<typeof options> = {
  name: "deploy",
  summary:
    "Shows which project, database and region this would deploy to, and what is there that is not ours. Asks, and then calls " +
    "`firebase deploy`. With --yes it does not ask, and refuses where something would be replaced or deleted.",
  example: "--project my-project",
  options,
  run: (values, session) =>
    run(values, session).catch((error) => {
      throw error instanceof UsageError ? error : new Error(sayReasons(error));
    }),
};

async function run({ project: given, yes }: z.output<typeof options>, session: Session): Promise<ExitCode> {
  const cli = firebaseCli();
  const chosen = await chooseProject(cli, given);
  const { region, serviceAccount, statsToken } = readEnvironment(cli, chosen);
  const project = await readProject(cli, chosen.id, JSON.parse(read("firestore.indexes.json")));
  if (!hasDatabase(project)) throw new Error(noDatabase(chosen.id, region));

  const { codebase } = JSON.parse(read("firebase.json")).functions[0];
  const plan = planDeployment(project, { region, serviceAccount, codebase });
  session.print(shown(plan));
  if (plan.moved.length > 0) throw new Error(movedAccount(plan.moved, chosen.id, region));
  if (yes || !process.stdin.isTTY) refuseLosses(plan);
  if (!(await session.confirm(question(plan, chosen.id), yes))) return ExitCode.failed;

  const deployed = yes
    ? // Apart from each other, since --force would delete indexes and TTL policies of others.
      (await firebaseDeploy(chosen, "--only", "functions", "--force", "--non-interactive")) &&
      (await firebaseDeploy(chosen, "--only", "firestore", "--non-interactive"))
    : await firebaseDeploy(chosen);
  if (!deployed) throw new Error(FAILED);
  const token = statsToken && `?token=${statsToken}`;
  session.print(
    `\nDeployed. What the app needs:\nstatsUrl: "https://${region}-${chosen.id}.cloudfunctions.net/stats${token}"`,
  );
  return ExitCode.done;
}

const FAILED =
  "`firebase deploy` has failed or was stopped, see above. It can be repeated at any time. Where it says " +
  "`Permission denied while using the Eventarc Service Agent`, Google's accounts are not ready: repeat it in five minutes.";

function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

function hasDatabase(project: Project): project is Project & { database: Database } {
  if (project.database && project.database.type !== "FIRESTORE_NATIVE") {
    throw new Error(
      `the database of ${project.id} is in Datastore mode. Choose a project with one in Native mode.`,
    );
  }
  return project.database !== undefined;
}

function noDatabase(project: string, region: string): string {
  return [
    `${project} has no Firestore database. \`firebase deploy\` would create one in the US, and its location can never be changed.`,
    "Create it in the Firebase console, or by this command, where the functions run or where your data must be. Then deploy again:",
    `npx --prefix functions firebase firestore:databases:create "${DATABASE}" --location ${region} --project ${project}`,
  ].join("\n");
}

function movedAccount(functions: string[], project: string, region: string): string {
  return [
    "functions run as another account than SERVICE_ACCOUNT says. Google would go on calling these as that one, and be refused.",
    "Delete them, then deploy again. `sweep` counts what comes meanwhile:",
    `npx --prefix functions firebase functions:delete ${functions.join(" ")} --region ${region} --project ${project}`,
  ].join("\n");
}

/** The plan as a table, then the rules that it would replace. */
function shown({ rows, replacedRules }: Plan): string {
  const width = Math.max(...rows.map(([what]) => what.length));
  const table = rows.map(([what, text]) => `${what.padEnd(width)}  ${printable(text)}`);
  return [...table, ...(replacedRules?.split("\n").map(indented) ?? [])].join("\n");
}

/** `printable` would show each of several spaces in a row by its number. */
function indented(line: string): string {
  const text = line.trimStart();
  return " ".repeat(2 + line.length - text.length) + printable(text.trimEnd());
}

function refuseLosses({ replaced, deleted }: Plan): void {
  if (replaced.length > 0) {
    throw new Error(
      `this would replace ${replaced.join(", ")}, which may not be ours. Only somebody at a terminal can agree to that. ` +
        "Use a project of its own.",
    );
  }
  if (deleted.length > 0) {
    throw new Error(
      `this would delete ${deleted.join(", ")}. Only somebody at a terminal can agree to that. ` +
        "Or delete them by `npx --prefix functions firebase functions:delete NAME --region REGION`.",
    );
  }
}

function question({ replaced }: Plan, project: string): string {
  if (replaced.length === 0) return `Deploy to ${project}?`;
  return `This replaces what may not be ours: ${replaced.join(", ")}. Deploy to ${project} all the same?`;
}

await main(command);

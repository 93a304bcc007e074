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
} from "./lib/deployment/firebase-cli.ts";
import { type Plan, planDeployment } from "./lib/deployment/plan.ts";
import { DATABASE, type Project, readProject } from "./lib/deployment/project.ts";

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
  async run({ project: given, yes }, session) {
    const cli = firebaseCli();
    const chosen = await chooseProject(cli, given);
    const { region, serviceAccount, statsToken } = readEnvironment(cli, chosen);
    const project = await readProject(cli, chosen.id, JSON.parse(read("firestore.indexes.json")));
    if (!hasDatabase(project)) throw new Error(noDatabase(chosen.id, region));

    const { codebase } = JSON.parse(read("firebase.json")).functions[0];
    const plan = planDeployment(project, { region, serviceAccount, codebase });
    session.print(shown(plan));
    if (plan.moved.length > 0) throw new Error(movedAccount(plan.moved, chosen.id, codebase));
    if (yes) refuseLosses(plan);
    if (!(await session.confirm(question(plan, chosen.id), yes))) return ExitCode.done;

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
  },
};

const FAILED =
  "`firebase deploy` has failed, see above. It can be repeated at any time. The first one into a project often fails because " +
  'Google\'s own accounts are not ready ("Permission denied while using the Eventarc Service Agent"): repeat it in five minutes.';

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
    "Create it where the functions run (REGION), or where your company must store its data, then deploy again:",
    `npx --prefix functions firebase firestore:databases:create "${DATABASE}" --location ${region} --project ${project}`,
  ].join("\n");
}

function movedAccount(functions: string[], project: string, codebase: string): string {
  const names = functions.map((name) => `${codebase}:${name}`).join(" ");
  return [
    "SERVICE_ACCOUNT has changed. Google would go on calling these functions as the old account, and would be refused.",
    "Delete them, then deploy again. `sweep` counts what comes meanwhile:",
    `npx --prefix functions firebase functions:delete ${names} --project ${project}`,
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
  const losses = [
    ...(replaced.length > 0 ? [`replace ${replaced.join(", ")}, which are not ours`] : []),
    ...(deleted.length > 0 ? [`delete ${deleted.join(", ")}`] : []),
  ];
  if (losses.length === 0) return;
  throw new Error(
    `this would ${losses.join(", and ")}. --yes does not agree to that: use a project of its own, or deploy in a terminal.`,
  );
}

function question({ replaced }: Plan, project: string): string {
  if (replaced.length === 0) return `Deploy to ${project}?`;
  return `This replaces what is not ours: ${replaced.join(", ")}. Deploy to ${project} all the same?`;
}

await main(command);

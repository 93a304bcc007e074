/** Says what a deployment would do to a project: what is new, what stays, and what it would take away. */

import type { Database, DeployedFunction } from "./firebase-cli.ts";
import { DATABASE, type Project } from "./project.ts";

/** The functions that `src/index.ts` exports. */
export const FUNCTIONS = ["stats", "countEvent", "addDeltas", "sweep", "watch", "dashboard"];

/** Those that Eventarc and Cloud Scheduler call. Both sign in as the account with which the function was created. */
const CALLED_BY_GOOGLE = ["countEvent", "addDeltas", "sweep", "watch"];

/** Functions run as this account unless they have one of their own. */
const DEFAULT_ACCOUNT = /-compute@developer\.gserviceaccount\.com$/;

/** A setting that every version of this backend has put into the environment of its functions. */
const OUR_SETTING = "EVENT_RETENTION_DAYS";

/** The codebase of functions whose `firebase.json` names none; ours before it had one of its own. */
const DEFAULT_CODEBASE = "default";

/** Functions that earlier versions had besides. */
const FORMER_FUNCTIONS = ["sumShards"];

/**
 * Rules that let nobody in, apart from space: the Firebase console's in production mode, and ours. Others may be as strict, but
 * only Firestore can tell, so whoever deploys is asked.
 */
const CLOSED_RULES =
  /^(rules_version=['"]2['"];)?servicecloud\.firestore\{match\/databases\/\{\w+\}\/documents\{match\/\{\w+=\*\*\}\{allowread,write:iffalse;\}\}\}$/;

/** A line that is only a comment, of plain characters: others might end the line where it seems to go on. */
const COMMENT_LINE = /^[ \t]*\/\/[ -~]*$/gm;

/** Firestore's multi-regions, and the regions that they consist of. */
const MULTI_REGIONS: Record<string, string[]> = {
  nam5: ["us-central1"],
  nam7: ["us-central1", "us-east4"],
  eur3: ["europe-west1", "europe-west4"],
};

/** What deploying to a project means. */
export interface Plan {
  /** What there is and what becomes of it, as rows of a table. */
  rows: [what: string, text: string][];
  /** What is not ours and would be replaced. */
  replaced: string[];
  /** The text of the rules among that. */
  replacedRules: string | undefined;
  /** Functions that an earlier version of ours left, which the CLI deletes, having asked. */
  deleted: string[];
  /** Functions that would run as another account, while Google goes on calling them as the old one, and is refused. */
  moved: string[];
}

/** Works it out, for functions in this region and of this account; `codebase` is that of `firebase.json`. */
export function planDeployment(
  {
    id,
    database,
    rules,
    otherIndexes,
    otherFields,
    contestedFields,
    functions,
  }: Project & {
    database: Database;
  },
  { region, serviceAccount, codebase }: { region: string; serviceAccount: string; codebase: string },
): Plan {
  const isItsAccount = (account: string) =>
    serviceAccount === "" ? DEFAULT_ACCOUNT.test(account) : account === serviceAccount;
  const takesPlaceOf = (deployed: DeployedFunction) => deployed.region === region && isName(deployed.id);
  const [ours, others] = partition(functions, (deployed) => isOurs(deployed, codebase));
  const [updated, old] = partition(ours, takesPlaceOf);
  const [inTheWay, staying] = partition(others, takesPlaceOf);
  const [deleted, left] = partition(old, (deployed) => deployed.codebase === codebase);
  const replacedRules = rules !== undefined && !isClosed(rules) ? rules : undefined;
  const contested = ours.length === 0 ? contestedFields : []; // Otherwise, they are of an earlier version.
  const near = isNear(region, database.locationId);
  return {
    rows: [
      ["project", id],
      ["database", `${DATABASE}, in ${database.locationId}`],
      [
        "region",
        near ? region : `${region}, though the database is elsewhere: every event goes there and back`,
      ],
      ["account", serviceAccount || "the project's default account"],
      ["functions", changes(updated.map((deployed) => deployed.id))],
      [
        "rules",
        replacedRules === undefined
          ? "let no client in"
          : "may let clients in, see below; they are replaced by rules that let no client in",
      ],
      ...row("other indexes", otherIndexes, "they stay, unless you let Firebase delete them"),
      ...row(
        "other fields",
        otherFields.filter((name) => !contested.includes(name)),
        "their indexes and TTL stay, unless you let Firebase delete them",
      ),
      ...row("other functions", staying.map(place), "they stay"),
      ...row("same names", [...inTheWay.map(place), ...contested], "not ours, and replaced by ours"),
      ...row("old functions", deleted.map(place), "ours of before, deleted if you let Firebase delete them"),
      ...row("old functions", left.map(place), "ours of before; they stay, so delete them"),
    ],
    replaced: [
      ...(replacedRules === undefined ? [] : ["the Firestore rules"]),
      ...inTheWay.map(place),
      ...contested,
    ],
    replacedRules,
    deleted: deleted.map(place),
    moved: updated
      .filter((deployed) => deployed.serviceAccount && !isItsAccount(deployed.serviceAccount))
      .map(({ id }) => id)
      .filter((id) => CALLED_BY_GOOGLE.includes(id)),
  };
}

function isClosed(rules: string): boolean {
  return CLOSED_RULES.test(rules.replace(COMMENT_LINE, "").replace(/[ \t\r\n]+/g, ""));
}

function isOurs({ id, codebase, environmentVariables = {} }: DeployedFunction, ourCodebase: string): boolean {
  if (codebase === ourCodebase) return true;
  const isKnown = isName(id) || FORMER_FUNCTIONS.includes(id);
  return codebase === DEFAULT_CODEBASE && isKnown && OUR_SETTING in environmentVariables;
}

/** Cloud Run's services are in lower case, so `countevent` is in the way of `countEvent`. */
function isName(id: string): boolean {
  return FUNCTIONS.some((name) => name.toLowerCase() === id.toLowerCase());
}

function isNear(region: string, location: string): boolean {
  return region === location || (MULTI_REGIONS[location]?.includes(region) ?? false);
}

function changes(present: string[]): string {
  const [updated, created] = partition(FUNCTIONS, (name) => present.includes(name));
  const parts = [
    updated.length > 0 && `update ${updated.join(", ")}`,
    created.length > 0 && `create ${created.join(", ")}`,
  ];
  return parts.filter(Boolean).join("; ");
}

function place({ id, region }: DeployedFunction): string {
  return `${id} (${region})`;
}

function row(what: string, names: string[], becomes: string): [string, string][] {
  return names.length === 0 ? [] : [[what, `${names.join(", ")}: ${becomes}`]];
}

function partition<T>(items: T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** Reads from a project what a deployment could change. */

import {
  type Database,
  type DeployedFunction,
  type FirebaseCli,
  type Named,
  reasonsOf,
} from "./firebase-cli.ts";

/** The database that the functions use: the SDK's default. */
export const DATABASE = "(default)";

export interface Project {
  id: string;
  /** Absent where there is none. */
  database: Database | undefined;
  /** The text of the Firestore rules that are in force; absent where none ever were. */
  rules: string | undefined;
  /** Composite indexes that `firestore.indexes.json` does not have. */
  otherIndexes: string[];
  /** Fields with indexes or a TTL policy of their own that `firestore.indexes.json` does not have. */
  otherFields: string[];
  /** Fields that are otherwise than there, and others of collections that are named there. */
  contestedFields: string[];
  functions: DeployedFunction[];
}

/** The definitions in `firestore.indexes.json`. */
export interface IndexFile {
  indexes: unknown[];
  fieldOverrides: { collectionGroup: string; fieldPath: string }[];
}

/**
 * Reads it, with the account of the Firebase CLI. Changes nothing. An API that is not enabled yet has nothing to
 * show. Throws what the CLI says where something else cannot be read.
 */
export async function readProject(cli: FirebaseCli, id: string, file: IndexFile): Promise<Project> {
  const firestore = new cli.FirestoreApi();
  const database = await orIf(isMissing, firestore.getDatabase(id, DATABASE), undefined);
  const [indexes, fields, rules, functions] = await Promise.all([
    database ? firestore.listIndexes(id, DATABASE) : [],
    database ? firestore.listFieldOverrides(id, DATABASE) : [],
    orIf(isNotEnabled, readRules(cli, id), undefined),
    orIf(isNotEnabled, readFunctions(cli, id), []),
  ]);
  const edition = database?.databaseEdition ?? "STANDARD";
  const isOurs = (index: Named) =>
    file.indexes.some((spec) => firestore.indexMatchesSpec(index, spec, edition));
  const groups = new Set(file.fieldOverrides.map((spec) => spec.collectionGroup));
  const isIn = (field: Named) =>
    file.fieldOverrides.some((spec) => `${spec.collectionGroup}.${spec.fieldPath}` === fieldName(field));
  const isAsInFile = (field: Named) =>
    file.fieldOverrides.some((spec) => firestore.fieldMatchesSpec(field, spec));
  const isContested = (field: Named) => groups.has(collectionGroup(field)) && !isAsInFile(field);
  return {
    id,
    database,
    rules,
    otherIndexes: indexes.filter((index) => !isOurs(index)).map(describeIndex),
    otherFields: fields.filter((field) => !isIn(field)).map(fieldName),
    contestedFields: fields.filter(isContested).map(fieldName),
    functions,
  };
}

/** Answers with a value that can be had, or with another one where there is a reason that it cannot. */
async function orIf<T, U>(
  isReason: (error: unknown) => boolean,
  value: Promise<T>,
  otherwise: U,
): Promise<T | U> {
  return value.catch((error) => {
    if (isReason(error)) return otherwise;
    throw error;
  });
}

function isMissing(error: unknown): boolean {
  return (error as { status?: number }).status === 404 || isNotEnabled(error);
}

function isNotEnabled(error: unknown): boolean {
  return reasonsOf(error).some(({ message }) =>
    /API has not been used in project|SERVICE_DISABLED/.test(message),
  );
}

async function readRules(cli: FirebaseCli, id: string): Promise<string | undefined> {
  const release = `projects/${id}/releases/cloud.firestore`;
  const released = (await cli.rules.listAllReleases(id)).find(({ name }) => name === release);
  if (!released) return undefined;
  const files = await cli.rules.getRulesetContent(released.rulesetName);
  return files.map(({ content }) => content).join("\n");
}

async function readFunctions(cli: FirebaseCli, id: string): Promise<DeployedFunction[]> {
  return cli.backend.allEndpoints(await cli.backend.existingBackend({ projectId: id }));
}

/** `…/collectionGroups/orders/indexes/x` of fields `a` and `b` is `orders (a, b)`. */
function describeIndex(index: Named): string {
  const { fields = [] } = index as { fields?: { fieldPath: string }[] };
  const paths = fields.map(({ fieldPath }) => fieldPath).filter((path) => path !== "__name__");
  return `${collectionGroup(index)} (${paths.join(", ")})`;
}

/** `…/collectionGroups/orders/fields/total` is `orders.total`. */
function fieldName(field: Named): string {
  return `${collectionGroup(field)}.${field.name.split("/fields/")[1]}`;
}

function collectionGroup({ name }: Named): string {
  return name.match(/\/collectionGroups\/([^/]+)\//)?.[1] ?? name;
}

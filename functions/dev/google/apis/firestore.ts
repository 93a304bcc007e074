/** Firestore's administration: the database, its indexes and its fields. */

import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Operations } from "../operations.ts";
import type { Field, Index, Project } from "../project.ts";
import { GoogleError, type Routes } from "../routes.ts";
import { checked } from "../schema.ts";

/** The locations of a database: two that span regions, and regions. */
const LOCATIONS = /^(eur3|nam5|nam7|[a-z]+-[a-z]+[0-9]+)$/;

const indexedField = z.strictObject({
  fieldPath: z.string().min(1),
  order: z.enum(["ASCENDING", "DESCENDING"]).optional(),
  arrayConfig: z.literal("CONTAINS").optional(),
});

const newIndex = z.strictObject({
  queryScope: z.enum(["COLLECTION", "COLLECTION_GROUP"]),
  fields: z.array(indexedField),
});

const newDatabase = z.looseObject({
  locationId: z.string().regex(LOCATIONS),
  type: z.enum(["FIRESTORE_NATIVE", "DATASTORE_MODE"]),
});

const newField = z.strictObject({
  indexConfig: z
    .strictObject({
      indexes: z.array(z.strictObject({ queryScope: z.string(), fields: z.array(indexedField).length(1) })),
    })
    .optional(),
  ttlConfig: z.strictObject({}).optional(),
});

const API = "firestore.googleapis.com/v1/projects/{project}/databases";
const GROUP = `${API}/{database}/collectionGroups/{collection}`;

export function firestoreApi(project: Project, operations: Operations): Routes {
  const root = `projects/${project.projectId}/databases/(default)`;

  function database() {
    const { locationId, type } = existing();
    return {
      name: root,
      uid: "6a3d53a9-0d4f-4b5e-9a0e-0c1b6c1f5f5e",
      createTime: "2026-11-01T08:00:00.000000Z",
      updateTime: "2026-11-01T08:00:00.000000Z",
      locationId,
      type,
      concurrencyMode: type === "FIRESTORE_NATIVE" ? "PESSIMISTIC" : "OPTIMISTIC",
      appEngineIntegrationMode: "DISABLED",
      databaseEdition: "STANDARD",
      deleteProtectionState: "DELETE_PROTECTION_DISABLED",
      pointInTimeRecoveryEnablement: "POINT_IN_TIME_RECOVERY_DISABLED",
      etag: "IPqEu6CLgpEDMK78h4aC0okD",
    };
  }

  function existing() {
    if (!project.database) {
      throw new GoogleError(
        "NOT_FOUND",
        `The database (default) does not exist for project ${project.projectId}.`,
      );
    }
    return project.database;
  }

  /** Changes of a database that is there. */
  const begin = (response: object) => operations.begin(`${root}/operations/${randomUUID()}`, () => response);

  return {
    [`GET ${API}`]: () => ({ ...(project.database && { databases: [database()] }) }),
    [`GET ${API}/{database}`]: ({ params }) => {
      if (params.database !== "(default)")
        throw new GoogleError("NOT_FOUND", `There is no ${params.database}`);
      return database();
    },
    [`POST ${API}`]: ({ body }) => {
      if (project.database) throw new GoogleError("ALREADY_EXISTS", "Database already exists");
      const { locationId, type } = checked(newDatabase, body);
      project.database = { locationId, type };
      return { ...begin(database()), done: true, response: database() };
    },
    [`GET ${API}/{database}/operations/{operation}`]: ({ params }) =>
      operations.look(`${root}/operations/${params.operation}`),
    [`GET ${GROUP}/indexes`]: () => {
      existing();
      return { ...(project.indexes.length > 0 && { indexes: project.indexes }) };
    },
    [`POST ${GROUP}/indexes`]: ({ params, body }) => {
      existing();
      const { queryScope, fields } = checked(newIndex, body);
      if (fields.filter(({ fieldPath }) => fieldPath !== "__name__").length < 2) {
        const advice = "this index is not necessary, configure using single field index controls";
        throw new GoogleError("INVALID_ARGUMENT", advice);
      }
      const index = createIndex(`${root}/collectionGroups/${params.collection}`, queryScope, fields);
      if (project.indexes.some((other) => sameIndex(other, index))) {
        throw new GoogleError("ALREADY_EXISTS", "index already exists");
      }
      project.indexes.push(index);
      return begin(index);
    },
    [`DELETE ${GROUP}/indexes/{index}`]: ({ params }) => {
      const name = `${root}/collectionGroups/${params.collection}/indexes/${params.index}`;
      const at = project.indexes.findIndex((index) => index.name === name);
      if (at < 0) throw new GoogleError("NOT_FOUND", `${name} not found`);
      project.indexes.splice(at, 1);
      return {};
    },
    [`GET ${GROUP}/fields`]: () => {
      existing();
      return { fields: [defaultField(root), ...project.fields] };
    },
    [`PATCH ${GROUP}/fields/{field}`]: ({ params, query, body }) => {
      existing();
      const group = `${root}/collectionGroups/${params.collection}`;
      const name = `${group}/fields/${params.field}`;
      const mask = query.get("updateMask")?.split(",") ?? ["indexConfig", "ttlConfig"];
      const field = changeField(project.fields, name, checked(newField, body), mask);
      const other = project.fields.find(
        (other) => other.ttlConfig && other.name.startsWith(`${group}/`) && other.name !== name,
      );
      if (field.ttlConfig && other) {
        throw new GoogleError(
          "FAILED_PRECONDITION",
          `A collection group has one TTL field: it is ${other.name}`,
        );
      }
      project.fields = project.fields.filter((other) => other.name !== name);
      if (field.indexConfig || field.ttlConfig) project.fields.push(field);
      return begin(field);
    },
  };
}

/** Makes an index as Firestore keeps it: it ends in the name of the document. */
export function createIndex(
  group: string,
  queryScope: string,
  fields: z.output<typeof indexedField>[],
): Index {
  const order = fields.findLast((field) => field.order)?.order ?? "ASCENDING";
  const named = fields.some(({ fieldPath }) => fieldPath === "__name__");
  const all = named ? fields : [...fields, { fieldPath: "__name__", order }];
  return {
    name: `${group}/indexes/${randomUUID().slice(0, 12)}`,
    queryScope,
    apiScope: "ANY_API",
    density: "SPARSE_ALL",
    state: "READY",
    fields: JSON.parse(JSON.stringify(all)),
  };
}

function sameIndex(one: Index, other: Index): boolean {
  const identity = ({ name, queryScope, fields }: Index) =>
    JSON.stringify([name.replace(/[^/]+$/, ""), queryScope, fields]);
  return identity(one) === identity(other);
}

/** A field after a change of the parts in `mask`. What the change does not give is as for all fields again. */
function changeField(
  fields: Field[],
  name: string,
  change: z.output<typeof newField>,
  mask: string[],
): Field {
  const { indexConfig, ttlConfig } = fields.find((field) => field.name === name) ?? { name };
  const indexes = change.indexConfig?.indexes.map((index) => ({ ...index, state: "READY" }));
  const changed = {
    indexConfig: mask.includes("indexConfig")
      ? indexes && { ...(indexes.length > 0 && { indexes }) }
      : indexConfig,
    ttlConfig: mask.includes("ttlConfig") ? change.ttlConfig && { state: "ACTIVE" } : ttlConfig,
  };
  return {
    name,
    ...(changed.indexConfig && { indexConfig: changed.indexConfig }),
    ...(changed.ttlConfig && { ttlConfig: changed.ttlConfig }),
  } as Field;
}

/** How all fields are indexed that have no settings of their own. */
function defaultField(root: string): Field {
  const indexed = (mode: object, queryScope = "COLLECTION") => ({
    queryScope,
    fields: [{ fieldPath: "*", ...mode }],
    state: "READY",
  });
  return {
    name: `${root}/collectionGroups/__default__/fields/*`,
    indexConfig: {
      indexes: [
        indexed({ order: "ASCENDING" }),
        indexed({ order: "DESCENDING" }),
        indexed({ arrayConfig: "CONTAINS" }),
      ],
    },
  };
}

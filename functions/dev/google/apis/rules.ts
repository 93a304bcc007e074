/** Firebase Rules: rulesets, and the one that is released for Firestore. */

import { createHash } from "node:crypto";
import { z } from "zod";
import type { Project } from "../project.ts";
import { GoogleError, type Routes } from "../routes.ts";
import { checked } from "../schema.ts";

const newRuleset = z.strictObject({
  source: z.strictObject({
    files: z.array(z.strictObject({ name: z.string(), content: z.string() })).length(1),
  }),
});

const newRelease = z.strictObject({ name: z.string(), rulesetName: z.string() });

const API = "firebaserules.googleapis.com/v1/projects/{project}";

export function rulesApi(project: Project): Routes {
  const root = `projects/${project.projectId}`;
  const release = `${root}/releases/cloud.firestore`;
  /** Rulesets that are there, by name. */
  const rulesets = new Map<string, string>();

  /** Keeps a ruleset, and answers with it. */
  function keep(content: string) {
    const name = `${root}/rulesets/${createHash("sha256").update(content).digest("hex").slice(0, 32)}`;
    rulesets.set(name, content);
    return ruleset(name, content);
  }

  function ruleset(name: string, content: string) {
    const source = { files: [{ name: "firestore.rules", content }] };
    return { name, source, createTime: "2026-11-01T08:00:00.000000Z" };
  }

  function released() {
    if (project.rules === undefined) return undefined;
    const { name: rulesetName, createTime } = keep(project.rules);
    return { name: release, rulesetName, createTime, updateTime: createTime };
  }

  function put(name: string, rulesetName: string) {
    if (name !== release) throw new GoogleError("INVALID_ARGUMENT", `${name}: only Firestore has rules here`);
    const content = rulesets.get(rulesetName);
    if (content === undefined) throw new GoogleError("NOT_FOUND", `${rulesetName} not found`);
    project.rules = content;
    return released();
  }

  return {
    [`POST ${API}:test`]: ({ body }) => ({ issues: findIssues(contentOf(body)) }),
    [`GET ${API}/releases`]: () => {
      const one = released();
      return { ...(one && { releases: [one] }) };
    },
    [`GET ${API}/releases/{release}`]: ({ params }) => {
      const one = params.release === "cloud.firestore" ? released() : undefined;
      if (!one) throw new GoogleError("NOT_FOUND", "Requested entity was not found.");
      return one;
    },
    [`POST ${API}/releases`]: ({ body }) => {
      const { name, rulesetName } = checked(newRelease, body);
      if (project.rules !== undefined) throw new GoogleError("ALREADY_EXISTS", `${name} already exists`);
      return put(name, rulesetName);
    },
    [`PATCH ${API}/releases/{release}`]: ({ body }) => {
      const { name, rulesetName } = checked(z.strictObject({ release: newRelease }), body).release;
      if (project.rules === undefined) throw new GoogleError("NOT_FOUND", `${name} not found`);
      return put(name, rulesetName);
    },
    [`GET ${API}/rulesets/{ruleset}`]: ({ params }) => {
      const name = `${root}/rulesets/${params.ruleset}`;
      const content = rulesets.get(name);
      if (content === undefined) throw new GoogleError("NOT_FOUND", `${name} not found`);
      return ruleset(name, content);
    },
    [`POST ${API}/rulesets`]: ({ body }) => {
      const content = contentOf(body);
      const [issue] = findIssues(content);
      if (issue) throw new GoogleError("INVALID_ARGUMENT", issue.description);
      return keep(content);
    },
  };
}

function contentOf(body: unknown): string {
  return checked(newRuleset, body).source.files[0]?.content ?? "";
}

/** The least that rules need; they are compiled by the tests on the emulator. */
function findIssues(content: string) {
  if (/^\s*service cloud\.firestore\s*\{/m.test(content)) return [];
  const sourcePosition = { fileName: "firestore.rules", line: 1, column: 1 };
  return [{ severity: "ERROR", description: "Missing 'service cloud.firestore'", sourcePosition }];
}

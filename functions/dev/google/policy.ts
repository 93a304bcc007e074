/** IAM policies, and how one takes the place of another. */

import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Policy } from "./project.ts";
import { GoogleError } from "./routes.ts";

/** https://cloud.google.com/iam/docs/principal-identifiers */
const MEMBER =
  /^(allUsers|allAuthenticatedUsers|(user|group|serviceAccount):[^\s@]+@[^\s@]+|domain:\S+|principal(Set)?:\/\/\S+)$/;

export const newPolicy = z.strictObject({
  version: z.int().optional(),
  etag: z.string().optional(),
  bindings: z
    .array(
      z.strictObject({
        role: z.string().regex(/^(roles|projects\/[^/]+\/roles|organizations\/[^/]+\/roles)\/[\w.]+$/),
        members: z.array(z.string().regex(MEMBER)),
      }),
    )
    .optional(),
});

/**
 * The policy that follows another: a role that nobody has is no part of it. Throws where `wanted` was made from an older
 * one.
 */
export function replacePolicy(current: Policy, wanted: z.output<typeof newPolicy>): Policy {
  if (wanted.etag && wanted.etag !== current.etag) {
    throw new GoogleError(
      "ABORTED",
      "There were concurrent policy changes. Please retry the whole read-modify-write.",
    );
  }
  const bindings = wanted.bindings?.filter(({ members }) => members.length > 0) ?? [];
  return { version: 1, etag: randomBytes(6).toString("base64"), bindings };
}

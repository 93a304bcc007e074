/** Tells the requests that change a project from those that ask. */

import type { Request } from "./stand-in.ts";

/** Calls by POST that only ask. */
const ASKS = /:(test|testIamPermissions|getIamPolicy|generateUploadUrl)$/;

/** Calls that prepare a project for any deployment: enabled APIs, and the accounts of those. */
const ENABLES = /:(enable|generateServiceIdentity)$/;

/** The requests that change what the project holds, apart from enabled APIs: `PATCH firestore.googleapis.com/v1/…`. */
export function changes(requests: Request[]): string[] {
  return requests
    .map(({ method, api, path }) => `${method} ${api}${path.replace(/\?.*/, "")}`)
    .filter((line) => !line.startsWith("GET ") && !ASKS.test(line) && !ENABLES.test(line));
}

/** Shows documents and collections as JSON: what the Firebase console would show. */

import { type DocumentSnapshot, FieldPath, type Firestore, Timestamp } from "firebase-admin/firestore";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 10_000;

/**
 * Answers `GET /documents/{path}`. A path of an even number of segments names a document: `{"path": …, "data": {…}}`,
 * 404 if there is none. Any other path names a collection: an array of its first `limit` documents by id. Times are
 * ISO strings. Segments are percent-encoded, as in any URL.
 */
export async function readDocuments(db: Firestore, path: string, limit: string | null) {
  const segments = decodeSegments(path);
  if (!segments?.every((segment) => /^(?!\.\.?$|__.*__$)[^/]+$/s.test(segment))) {
    return failure(
      400,
      "invalid_path",
      "expected /documents/{collection} or /documents/{collection}/{document}",
    );
  }
  const count = limit === null ? DEFAULT_LIMIT : Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > MAX_LIMIT) {
    return failure(
      400,
      "invalid_limit",
      `limit: expected a whole number from 1 to ${MAX_LIMIT}, got ${limit}`,
    );
  }
  const documentPath = segments.join("/");
  if (segments.length % 2 === 0) {
    const snapshot = await db.doc(documentPath).get();
    if (!snapshot.exists) return failure(404, "not_found", `there is no document ${documentPath}`);
    return { status: 200, body: asJson(snapshot) };
  }
  const query = await db.collection(documentPath).orderBy(FieldPath.documentId()).limit(count).get();
  return { status: 200, body: query.docs.map(asJson) };
}

function decodeSegments(path: string): string[] | undefined {
  try {
    return path.split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function asJson(snapshot: DocumentSnapshot) {
  return { path: snapshot.ref.path, data: withIsoTimes(snapshot.data()) };
}

function withIsoTimes(value: unknown): unknown {
  if (value instanceof Timestamp) return value.toDate().toISOString();
  if (Array.isArray(value)) return value.map(withIsoTimes);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withIsoTimes(item)]));
}

function failure(status: number, error: string, message: string) {
  return { status, body: { error, message } };
}

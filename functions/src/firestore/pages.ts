/** Reads the results of a query page by page, so that memory does not grow with them. */

import {
  FieldPath,
  type Query,
  type QueryDocumentSnapshot,
  type QuerySnapshot,
} from "firebase-admin/firestore";

/** The size of a page. An event has about 1 kB. */
export const PAGE_SIZE = 1_000;

export interface Paging {
  size?: number;
  /** No more documents than this are read. */
  most?: number;
  /** Reads a page in another way than as of now. */
  read?(page: Query): Promise<QuerySnapshot>;
}

/**
 * Yields the documents of a query in the order of their ids, after the query's own order. Firestore's automatic
 * indexes serve equality filters alone, or a filter and an order on one field. A document that changes between two
 * pages does not shift the second.
 */
export async function* pages(
  query: Query,
  { size = PAGE_SIZE, most = Number.POSITIVE_INFINITY, read = (page) => page.get() }: Paging = {},
): AsyncGenerator<QueryDocumentSnapshot[]> {
  const ordered = query.orderBy(FieldPath.documentId());
  let rest = ordered;
  let left = most;
  while (left > 0) {
    const asked = Math.min(size, left);
    const { docs } = await read(rest.limit(asked));
    const last = docs.at(-1);
    if (last) yield docs;
    if (!last || docs.length < asked) return;
    rest = ordered.startAfter(last);
    left -= docs.length;
  }
}

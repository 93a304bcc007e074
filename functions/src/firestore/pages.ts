/** Reads what a query finds page by page, so that memory does not grow with it. */

import {
  FieldPath,
  type Query,
  type QueryDocumentSnapshot,
  type QuerySnapshot,
} from "firebase-admin/firestore";

/** How many documents are read at once. An event has about 1 kB. */
export const PAGE_SIZE = 1_000;

export interface Paging {
  size?: number;
  /** How a page is read, where not as of now. */
  read?(page: Query): Promise<QuerySnapshot>;
}

/**
 * The documents of a query in order of their ids, after the order of the query if it has one. Firestore's automatic indexes
 * serve that where it has equality filters only, or filters and order of one field. Documents that change between two pages do not shift the second.
 */
export async function* pages(
  query: Query,
  { size = PAGE_SIZE, read = (page) => page.get() }: Paging = {},
): AsyncGenerator<QueryDocumentSnapshot[]> {
  const ordered = query.orderBy(FieldPath.documentId()).limit(size);
  let { docs } = await read(ordered);
  for (;;) {
    const last = docs.at(-1);
    if (last) yield docs;
    if (!last || docs.length < size) return;
    ({ docs } = await read(ordered.startAfter(last)));
  }
}

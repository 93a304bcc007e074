/** A process that serves an empty Firestore over gRPC, and tells its parent where. It ends with its parent. */

import { serveFirestore } from "../local/firestore-server.ts";
import { projectId } from "../local/stack.ts";
import { createFirestore } from "../testing/firestores.ts";

const { host } = await serveFirestore(createFirestore(projectId));
process.on("disconnect", () => process.exit());
process.send?.(host);

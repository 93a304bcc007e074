/** Serves an in-memory Firestore over gRPC, as the official emulator does: for functions in processes of their own. */

import { createRequire } from "node:module";
import { promisify } from "node:util";
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceClientConstructor,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import type { Firestore } from "firebase-admin/firestore";
import { statusOf } from "../../src/firestore/errors.ts";

export interface FirestoreServer {
  /** For `FIRESTORE_EMULATOR_HOST`: `127.0.0.1:{port}`. */
  host: string;
  /** Ends it at once, with what is under way. */
  close(): void;
}

/**
 * Serves `db` on 127.0.0.1, until the process ends. Calls go through the Admin SDK, so whoever intercepts its calls
 * intercepts these. Clients must name the project of `db`, and its default database. It serves transactions, queries
 * and writes, but no listeners.
 */
export async function serveFirestore(db: Firestore): Promise<FirestoreServer> {
  const transport = db as unknown as Transport;
  const server = new Server();
  const definition = service();
  const implementation = Object.fromEntries(
    Object.entries(definition).map(([name, { responseStream }]) => {
      const method = name.charAt(0).toLowerCase() + name.slice(1);
      return [name, responseStream ? streaming(transport, method) : unary(transport, method)];
    }),
  );
  server.addService(definition, implementation);
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind("127.0.0.1:0", ServerCredentials.createInsecure());
  return { host: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

/** The places where the Admin SDK hands its calls to the network. Neither is public. */
interface Transport {
  request(method: string, request: object, tag: string): Promise<object>;
  requestStream(
    method: string,
    isBidirectional: false,
    request: object,
    tag: string,
  ): Promise<NodeJS.ReadableStream>;
}

const TAG = "served";

function unary(transport: Transport, method: string) {
  return async ({ request }: ServerUnaryCall<object, object>, answer: sendUnaryData<object>) => {
    try {
      answer(null, await transport.request(method, request, TAG));
    } catch (error) {
      answer(asStatus(error));
    }
  };
}

function streaming(transport: Transport, method: string) {
  return async (call: ServerWritableStream<object, object>) => {
    try {
      const responses = await transport.requestStream(method, false, call.request, TAG);
      responses.on("error", (error) => call.emit("error", asStatus(error)));
      responses.on("data", (response) => call.write(response));
      responses.on("end", () => call.end());
      responses.resume();
    } catch (error) {
      call.emit("error", asStatus(error));
    }
  };
}

function asStatus(error: unknown) {
  const code = statusOf(error);
  return { code: typeof code === "number" ? code : status.UNKNOWN, details: String(error) };
}

/** `google.firestore.v1.Firestore`, as the Admin SDK describes it. */
function service() {
  const require = createRequire(import.meta.url);
  const definition = fromJSON(require("@google-cloud/firestore/build/protos/v1.json"), {
    longs: String,
    enums: String,
    oneofs: true,
  });
  const { google } = loadPackageDefinition(definition) as unknown as {
    google: { firestore: { v1: { Firestore: ServiceClientConstructor } } };
  };
  return google.firestore.v1.Firestore.service;
}

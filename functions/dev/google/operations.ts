/** Google's long-running operations: an answer comes later, and who asked looks again until it is there. */

import { GoogleError } from "./routes.ts";

interface Operation {
  name: string;
  done?: true;
  metadata?: object;
  response?: unknown;
}

export interface Operations {
  /** Begins one, whose result is there at the second look. */
  begin(name: string, response: () => unknown): Operation;
  /** Looks at one. */
  look(name: string): Operation;
}

/** Makes a list of operations, which is empty. */
export function createOperations(): Operations {
  const pending = new Map<string, { looks: number; response: () => unknown }>();
  return {
    begin(name, response) {
      pending.set(name, { looks: 0, response });
      return { name, metadata: {} };
    },
    look(name) {
      const operation = pending.get(name);
      if (!operation) throw new GoogleError("NOT_FOUND", `Operation ${name} not found`);
      operation.looks++;
      return operation.looks < 2
        ? { name, metadata: {} }
        : { name, done: true, response: operation.response() };
    },
  };
}

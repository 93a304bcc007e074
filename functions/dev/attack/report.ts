/** Tells how an attack goes, and how it went. */

import { ExitCode } from "../../tools/lib/command.ts";
import type { Session } from "../../tools/lib/session.ts";

/** Makes a listener that prints how far it is whenever another `step` is done. */
export function createProgress(session: Session, step: number, total: number, unit: string) {
  const started = performance.now();
  return (done: number) => {
    if (done % step > 0 || done === 0) return;
    const elapsed = ((performance.now() - started) / 1_000).toFixed(0);
    session.print(`${done} of ${total} ${unit} (${elapsed} s)`);
  };
}

export function statuses(counts: Map<number | "none", number>): string {
  return [...counts]
    .map(([status, count]) => `${count} × ${status === "none" ? "no answer" : status}`)
    .join(", ");
}

export function conclude(session: Session, failures: string[], summary: string[]): ExitCode {
  for (const line of [...summary, ...failures.map((failure) => `FAILED: ${failure}`)]) session.print(line);
  return failures.length > 0 ? ExitCode.failed : ExitCode.done;
}

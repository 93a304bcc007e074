/** Keeps what the functions log out of the test report, and lets tests read it. */

export interface LogEntry {
  severity: string;
  message: string;
  [field: string]: unknown;
}

/** The entries that the functions have logged since the last test began. */
export const logs: LogEntry[] = [];

// `firebase-functions/logger` takes the console's methods when it is loaded: this file is imported before it.
for (const method of ["debug", "info", "log", "warn", "error"] as const) {
  const print = console[method];
  console[method] = (...values: unknown[]) => {
    const entry = asLogEntry(values[0]);
    if (entry) logs.push(entry);
    else print(...values);
  };
}

function asLogEntry(value: unknown): LogEntry | undefined {
  if (typeof value !== "string" || !value.startsWith('{"')) return undefined;
  const entry = JSON.parse(value);
  return "severity" in entry ? entry : undefined;
}

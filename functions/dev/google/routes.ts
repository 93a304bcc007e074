/** Finds who answers a call of a Google API, and how Google says no. */

/** A call, as a route gets it. */
export interface Call {
  /** The parts of the path that the route names. */
  params: Record<string, string>;
  query: URLSearchParams;
  body: unknown;
}

/** Answers a call with a resource. Throws a `GoogleError` where Google refuses. */
export type Answer = (call: Call) => unknown;

/** Who answers, by method, host and path: `GET firestore.googleapis.com/v1/projects/{project}/databases`. */
export type Routes = Record<string, Answer>;

/** Google's codes for errors, with the status that HTTP has for each. */
const STATUS = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  UNIMPLEMENTED: 501,
} as const;

/** An answer that refuses. */
export class GoogleError extends Error {
  readonly status: keyof typeof STATUS;

  constructor(status: keyof typeof STATUS, message: string) {
    super(message);
    this.status = status;
  }

  /** The status of HTTP. */
  get code(): number {
    return STATUS[this.status];
  }

  /** The body of the answer. */
  toJSON() {
    return { error: { code: this.code, message: this.message, status: this.status } };
  }
}

/** Makes a function that finds the route of a method and a URL without its scheme, and the parts that the route names. */
export function createRouter(routes: Routes) {
  const compiled = Object.entries(routes).map(([route, answer]) => {
    const source = route.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{(\w+)\}/g, "(?<$1>[^/:]+)");
    return { pattern: new RegExp(`^${source}$`), answer };
  });
  return (method: string, url: string): { answer: Answer; params: Record<string, string> } | undefined => {
    for (const { pattern, answer } of compiled) {
      const match = pattern.exec(`${method} ${url}`);
      if (match) return { answer, params: { ...match.groups } };
    }
    return undefined;
  };
}

/** Keeps who may open the dashboard: `firebase deploy` takes the role from everybody whenever it updates the function. */

import type { FirebaseCli, IamPolicy } from "./firebase-cli.ts";

const INVOKER = "roles/run.invoker";

/** Members who stand for everybody. They are not kept, since the dashboard is private. */
const EVERYBODY = ["allUsers", "allAuthenticatedUsers"];

/**
 * Remembers whom a Cloud Run service lets in, such as `user:you@example.com`. The answer, called after a deployment, lets those
 * in again who lost the role, and answers with them.
 */
export async function keepViewers(cli: FirebaseCli, service: string): Promise<() => Promise<string[]>> {
  const before = invokers(await cli.run.getIamPolicy(service)).filter(
    (member) => !EVERYBODY.includes(member),
  );
  return async () => {
    const policy = await cli.run.getIamPolicy(service);
    const present = invokers(policy);
    const lost = before.filter((member) => !present.includes(member));
    if (lost.length > 0) {
      const others = (policy.bindings ?? []).filter((binding) => !isInvoker(binding));
      const bindings = [...others, { role: INVOKER, members: [...present, ...lost] }];
      await cli.run.setIamPolicy(service, { ...policy, bindings });
    }
    return lost;
  };
}

function invokers({ bindings = [] }: IamPolicy): string[] {
  return bindings.filter(isInvoker).flatMap(({ members }) => members);
}

/** A role with a condition is another binding, which `firebase deploy` is not asked to keep. */
function isInvoker({ role, condition }: { role: string; condition?: unknown }): boolean {
  return role === INVOKER && condition === undefined;
}

/** The page without figures: what to do so that there are some. */

import type { DashboardData } from "../../src/dashboard/data.ts";
import { Name } from "../parts/name.tsx";
import { useChoice } from "../state/choice.ts";
import { words } from "../words.ts";

export function EmptyView({ data }: { data: DashboardData }) {
  const { address } = useChoice();
  if (data.apps.length > 0) {
    return (
      <section class="card">
        <h2>
          {words.empty.noApp}
          <Name of={address.app ?? ""} />
        </h2>
        <p>{words.empty.noAppHint}</p>
      </section>
    );
  }
  return (
    <section class="card">
      <h2>{words.empty.title}</h2>
      <p>{words.empty.hint}</p>
      <ol class="steps">
        {words.empty.steps.map((step) => (
          <li key={step[1]}>
            {step.map((part, place) => (place % 2 === 1 ? <code key={part}>{part}</code> : part))}
          </li>
        ))}
      </ol>
    </section>
  );
}

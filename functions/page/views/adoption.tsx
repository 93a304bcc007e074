/** Which versions people use. */

import type { AppReport } from "../../src/dashboard/data.ts";
import { words } from "../words.ts";

export function AdoptionView(_: { app: AppReport }) {
  return (
    <section id="adoption" class="card">
      <h2>{words.adoption.title}</h2>
    </section>
  );
}

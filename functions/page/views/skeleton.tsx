/** What stands where figures will be, while they are being read. */

import { words } from "../words.ts";

export function Skeleton() {
  return (
    <div class="skeleton" aria-busy="true">
      <p class="hidden">{words.frame.loading}</p>
      {[6, 14, 10].map((height) => (
        <div key={height} class="bone" style={{ height: `${height}rem` }} />
      ))}
    </div>
  );
}

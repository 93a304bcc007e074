/** Says what stands between the reader and the truth: no newer figures, or nobody who looks for alarms. */

import { WATCH_LATE_MILLISECONDS } from "../../src/dashboard/data.ts";
import { formatClock, formatMinute } from "../format.ts";
import { type Answered, REFRESH_SECONDS } from "../state/answers.ts";
import { useZone } from "../state/zone.ts";
import { words } from "../words.ts";

/** The place of the notices is always there, so that a screen reader says what comes into it. */
export function Notices({
  answered,
  failure,
}: {
  answered: Answered | undefined;
  failure: string | undefined;
}) {
  const zone = useZone();
  return (
    <div role="alert" class="notices">
      {failure !== undefined && (
        <p class="notice">
          <strong>
            {answered ? words.failure.old(formatClock(answered.readAt, zone)) : words.failure.none}
          </strong>{" "}
          {failure} {words.failure.again(REFRESH_SECONDS)}
        </p>
      )}
      {answered && <WatchNotice answered={answered} />}
    </div>
  );
}

function WatchNotice({ answered }: { answered: Answered }) {
  const zone = useZone();
  const { watched_at, apps, alarms_incomplete } = answered.body;
  if (apps.length === 0 || isJudged(answered)) return null;
  // Somebody has looked, but from before that was kept.
  if (watched_at === null && apps.some(({ alarms }) => alarms.length > 0)) return null;
  if (watched_at === null) return <p class="notice">{words.failure.neverWatched}</p>;
  return (
    <p class="notice">
      {alarms_incomplete ? words.failure.someAlarms : words.failure.watchLate(formatMinute(watched_at, zone))}
    </p>
  );
}

/** Whether somebody has looked for alarms lately, and all that were found are known: what does not alarm is only then calm. */
export function isJudged({ body: { watched_at, alarms_incomplete }, readAt }: Answered): boolean {
  return !alarms_incomplete && watched_at !== null && readAt - watched_at < WATCH_LATE_MILLISECONDS;
}

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

/** An app without alarms is only calm if somebody has looked. */
function WatchNotice({ answered: { body, readAt } }: { answered: Answered }) {
  const zone = useZone();
  const { watched_at, apps } = body;
  if (apps.length === 0) return null;
  if (watched_at === null) return <p class="notice">{words.failure.neverWatched}</p>;
  if (readAt - watched_at < WATCH_LATE_MILLISECONDS) return null;
  return <p class="notice">{words.failure.watchLate(formatMinute(watched_at, zone))}</p>;
}

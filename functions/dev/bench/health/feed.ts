/** Lets time pass in an app: events come, and it is looked at every five minutes. */

import { WATCH_MINUTES } from "../../../src/health/watch.ts";
import type { ObservedApp, SentEvent } from "./observed-app.ts";

const LOOK_MILLISECONDS = WATCH_MINUTES * 60_000;

/**
 * Feeds an app with events, which are in order, from one time to another, in milliseconds since 1970. `onLook` is called after
 * each look, and ends it by `true`.
 */
export async function feed(
  app: ObservedApp,
  events: readonly SentEvent[],
  from: number,
  until: number,
  onLook: (now: number) => boolean | undefined = () => undefined,
): Promise<void> {
  let next = 0;
  for (let now = from; now < until; now += LOOK_MILLISECONDS) {
    for (let event = events[next]; event && event.received_at <= now; event = events[++next]) app.take(event);
    await app.look(now);
    if (onLook(now)) return;
  }
  for (; next < events.length; next++) {
    const event = events[next];
    if (event) app.take(event);
  }
}

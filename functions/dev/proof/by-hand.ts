/** Says by hand what the events of the proofs count for. The code under test has no part in it: it would always agree with itself. */

/** An event, as far as it decides what it counts for. Its plugin reports beginnings of downloads, or the event is no part of one. */
export interface CountedEvent {
  action: string;
  platform: string;
  is_prod?: boolean;
  is_emulator?: boolean;
}

/** A figure by its path in a document. */
export type Figure = readonly [path: readonly string[], figure: number];

/** What an event counts for in its counter, and in its day. */
export function figuresByHand(event: CountedEvent): Figure[] {
  const { action } = event;
  const part = isDevelopment(event) ? ["development", action] : ["platforms", nameOf(event.platform), action];
  return [
    [["actions", action], 1],
    [part, 1],
  ];
}

/** What an event counts for in the hours of its day. */
export function hoursByHand(event: CountedEvent, hour: string): Figure[] {
  const { action, platform } = event;
  // Of Electron, the proofs only have `set`, which says nothing: it is a start.
  if (isDevelopment(event) || platform === "electron") return [];
  const at = (measure: string) => ["hours", hour, nameOf(platform), measure];
  if (action === "download_zip_start") return [[at("begun"), 1]];
  if (action === "download_complete") return [[at("downloaded"), 1]];
  if (action === "set") return [[at("installed"), 1]];
  if (action === "update_fail") return [[at("rolled_back"), 1]];
  return action === "checksum_fail" && platform === "ios" ? [[at("downloaded"), -1]] : [];
}

function isDevelopment({ is_prod, is_emulator }: CountedEvent): boolean {
  return is_prod === false || is_emulator === true;
}

function nameOf(platform: string): string {
  return platform === "windows" ? "other" : platform;
}

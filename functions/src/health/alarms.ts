/** Judges the versions of an app. */

/** Describes the judgement, for the page. */
export const alarmTest =
  "A version is compared with all earlier good versions together, at the same age, on each platform and on all of them: how many " +
  "of its devices did not get it after the download began, rolled it back, or crashed. Where there is no earlier version, the " +
  "rate is compared with the most that the settings allow, and a version that has been out for long with its own past. Counters " +
  "raise a suspicion, and a random sample of devices decides: a device that fails ten times is one device, and a download that " +
  "began less than five minutes ago is under way, not lost. Only production builds on real devices count.";

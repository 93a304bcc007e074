/** Works out where attempts are lost on the way to a version, beside another version. Pure. */

import { crashed, type Measures, notDownloaded, rolledBack } from "../../../src/health/measures.ts";
import { isWorse, type Proportion, rateOf } from "../../../src/health/statistics.ts";
import { LEVEL } from "./failure-steps.ts";

const lossNames = ["not_downloaded", "waiting", "rolled_back", "crashed"] as const;
export type LossName = (typeof lossNames)[number];

export interface Loss {
  name: LossName;
  own: Proportion;
  other: Proportion | undefined;
  /** In points of a percent; `undefined` where one of both has no attempts. */
  points: number | undefined;
  /** Beyond chance. What waits is not lost, so it is neither. */
  verdict: "worse" | "better" | undefined;
}

/** The losses in the order of an update. */
export function lossesOf(own: Measures, other: Measures | undefined): Loss[] {
  return lossNames.map((name) => {
    const mine = lossOf(name, own);
    const theirs = other && lossOf(name, other);
    return {
      name,
      own: mine,
      other: theirs,
      points: theirs && mine.of > 0 && theirs.of > 0 ? 100 * (rateOf(mine) - rateOf(theirs)) : undefined,
      verdict: theirs && name !== "waiting" ? verdictOf(mine, theirs) : undefined,
    };
  });
}

function lossOf(name: LossName, measures: Measures): Proportion {
  switch (name) {
    case "not_downloaded":
      return notDownloaded(measures);
    case "waiting":
      return waiting(measures);
    case "rolled_back":
      return rolledBack(measures);
    case "crashed":
      return crashed(measures);
  }
}

/** What was installed was downloaded, whether its plugin said so or not. */
function waiting({ downloaded, installed }: Measures): Proportion {
  const of = Math.max(downloaded, installed);
  return { count: of - installed, of };
}

function verdictOf(own: Proportion, other: Proportion): Loss["verdict"] {
  if (isWorse(own, other, LEVEL)) return "worse";
  return isWorse(other, own, LEVEL) ? "better" : undefined;
}

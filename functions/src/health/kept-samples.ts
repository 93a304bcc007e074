/** Keeps what samples of devices have shown: `samples/{counter id}`. The next version is compared with it. */

import type { Firestore } from "firebase-admin/firestore";
import * as logger from "firebase-functions/logger";
import * as z from "zod";
import { type CounterIdentity, counterId } from "../counting/documents.ts";
import { reasonOf } from "../firestore/errors.ts";
import { deviceCounts } from "./device-counts.ts";

export const SAMPLES = "samples";

/** What the devices of a version were like when it had an age, in milliseconds since its release. */
const keptSample = z.object({ age: z.number(), devices: deviceCounts });
export type KeptSample = z.output<typeof keptSample>;

/** `samples/{counter id}`: by their ages, so that they are not kept twice; for people, the version. */
export const samplesDocument = z.object({
  app_id: z.string(),
  version_name: z.string(),
  samples: z.record(z.string(), keptSample),
});

export interface KeptSamples {
  /** The samples of a version that were kept. Rejects with Firestore's error. */
  kept(counter: CounterIdentity): Promise<readonly KeptSample[]>;
  /** Keeps one. Where that fails, the log says so, and nothing else is lost. */
  keep(counter: CounterIdentity, sample: KeptSample): Promise<void>;
}

/** Samples at ages this much apart are kept; the later of two nearer ones. */
const AGE_FACTOR = 1.2;

/** Makes a place for samples in `db`. It reads each document once, and remembers it. */
export function createKeptSamples(db: Firestore): KeptSamples {
  const known = new Map<string, Promise<Record<string, KeptSample>>>();
  const refOf = (counter: CounterIdentity) => db.collection(SAMPLES).doc(counterId(counter));

  const read = async (counter: CounterIdentity) => {
    const snapshot = await refOf(counter).get();
    return samplesDocument.safeParse(snapshot.data()).data?.samples ?? {};
  };
  const samplesOf = (counter: CounterIdentity) => {
    const id = counterId(counter);
    const samples = known.get(id) ?? read(counter);
    known.set(id, samples);
    samples.catch(() => known.delete(id));
    return samples;
  };

  return {
    kept: async (counter) => Object.values(await samplesOf(counter)),
    async keep(counter, sample) {
      const { app_id, version_name } = counter;
      const key = ageKey(sample.age);
      try {
        const samples = await samplesOf(counter);
        samples[key] = sample;
        await refOf(counter).set({ app_id, version_name, samples: { [key]: sample } }, { merge: true });
      } catch (error) {
        logger.warn("A sample of devices could not be kept, and may be read again.", {
          reason: reasonOf(error),
        });
      }
    },
  };
}

function ageKey(age: number): string {
  return String(Math.round(Math.log(Math.max(1, age)) / Math.log(AGE_FACTOR)));
}

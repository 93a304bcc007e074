/** Makes the events of one hot version, as `stats` stores them. */

import { Timestamp } from "firebase-admin/firestore";
import { type ModelFirestore, randomId, type Write } from "./firestore.ts";

const actions = ["download_complete", "set", "app_launch_ready"];
const platforms = ["android", "ios"];

/** Makes the write that creates a new event. */
export function createEventMaker({ now }: ModelFirestore): () => Write {
  let made = 0;
  return () => {
    const data = {
      app_id: "com.example.shop",
      version_name: "2.5.1",
      action: actions[made % actions.length],
      platform: platforms[made++ % platforms.length],
      is_prod: true,
      is_emulator: false,
      device_id: "4b7c9f0e-7d0b-4a57-9a3c-000000000000",
      counter: "com.example.shop@2.5.1",
      received_at: Timestamp.fromMillis(now()),
      counted: false,
    };
    return { kind: "create", path: `events/${randomId()}`, data };
  };
}

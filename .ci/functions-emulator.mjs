// Runs inside `firebase emulators:exec --only functions`: does the real emulator find and serve what we deploy?
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const { projects } = JSON.parse(readFileSync(new URL("../.firebaserc", import.meta.url), "utf8"));
const { emulators } = JSON.parse(readFileSync(new URL("../firebase.json", import.meta.url), "utf8"));
const origin = `http://127.0.0.1:${emulators.functions.port}`;
const statsUrl = `${origin}/${projects.default}/us-central1/stats`;

const { backends } = await (await fetch(`${origin}/backends`)).json();
const found = backends.flatMap(({ functionTriggers }) => functionTriggers.map(({ entryPoint }) => entryPoint));
assert.deepEqual(found.sort(), ["addDeltas", "countEvent", "dashboard", "stats", "sweep", "watch"]);

const health = await fetch(statsUrl);
assert.deepEqual([health.status, await health.json()], [200, { status: "ok" }]);

const refused = await fetch(statsUrl, { method: "POST", body: '{"app_id":"nodots"}' });
assert.equal(refused.status, 400);
assert.match((await refused.json()).message, /app_id: expected a reverse domain name .*, got "nodots"; device_id: /);

console.log(`The Functions emulator found ${found.join(", ")}; stats answers.`);

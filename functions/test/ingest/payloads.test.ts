import { readdirSync } from "node:fs";
import { expect } from "chai";
import { anEvent, newApp, payload } from "../../dev/testing/events.ts";
import { counts, post, storedEvents, today } from "../backend.ts";

/** The payloads' apps, each under an app id of this test's own. */
function withApp(name: string, app_id: string): unknown {
  const body = payload(name);
  return Array.isArray(body) ? body.map((event) => ({ ...event, app_id })) : { ...body, app_id };
}

const names = readdirSync(new URL("../../dev/testing/payloads", import.meta.url)).map((file) =>
  file.replace(".json", ""),
);

describe("payloads of plugins 4.9 to 8.51", () => {
  for (const name of names) {
    it(`stores every event of ${name}`, async () => {
      const app_id = newApp();
      const body = withApp(name, app_id);
      const answer = await post(body);
      expect(answer.status).to.equal(200);
      for (const result of answer.body.results ?? []) expect(result.status).to.equal("ok");
      expect(await storedEvents(app_id)).to.have.length(Array.isArray(body) ? body.length : 1);
    });
  }

  for (const name of names) {
    for (const [how, empty] of Object.entries({ without: undefined, "with null for": null })) {
      it(`stores and counts every event of ${name} ${how} version_name, version_build and version_code`, async () => {
        const app_id = newApp();
        const versions = { version_name: empty, version_build: empty, version_code: empty };
        const events = [withApp(name, app_id)].flat().map((event) => ({ ...(event as object), ...versions }));
        const answer = await post(events);
        for (const result of answer.body.results ?? []) expect(result.status).to.equal("ok");
        const stored = await storedEvents(app_id);
        expect(
          stored.map(({ version_build, version_code }) => version_build + version_code).join(""),
        ).to.equal("");
        const { actions } = (await counts(`counters/${app_id}@unknown`)) ?? {};
        const counted = Object.values<number>(actions).reduce((sum, count) => sum + count);
        expect([stored.length, counted]).to.deep.equal([events.length, events.length]);
      });
    }
  }

  it("counts what Android reports without a version when it has no room for a download", async () => {
    const app_id = newApp();
    const { version_name: _, ...event } = { ...payload("android-8.51.23-download-worker"), app_id };
    for (const action of ["insufficient_disk_space", "low_mem_fail", "download_fail"])
      await post({ ...event, action });
    expect(await counts(`counters/${app_id}@unknown`)).to.have.deep.property("actions", {
      insufficient_disk_space: 1,
      low_mem_fail: 1,
      download_fail: 1,
    });
  });

  it("counts a file's failure under its version, however long its path", async () => {
    const app_id = newApp();
    const version_name = `2.5.1:assets/${"x".repeat(5_000)}.js`;
    await post([anEvent({ app_id, action: "download_manifest_file_fail", version_name })]);
    expect(await counts(`counters/${app_id}@2.5.1`)).to.have.deep.property("actions", {
      download_manifest_file_fail: 1,
    });
  });

  it("gives the counters that one works out by hand, and the same when every batch comes twice", async () => {
    const app_id = newApp();
    const batches = ["android-8.51.23-batch", "ios-8.51.23-batch"].map((name) => withApp(name, app_id));
    await Promise.all(batches.map((batch) => post(batch)));
    await post(withApp("android-8.51.23-download-worker", app_id));
    await Promise.all(batches.map((batch) => post(batch)));

    const android = {
      ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8, 9].map((tenth) => [`download_${tenth}0`, 1])),
      download_complete: 1,
      set_next: 1,
      set: 1,
      app_launch_ready: 1,
      webview_javascript_error: 1,
      download_zip_start: 1,
    };
    const ios = { download_complete: 1, set: 1, update_fail: 1, download_manifest_file_fail: 1 };
    const expected = {
      actions: { ...android, ...ios, download_complete: 2, set: 2 },
      platforms: { android, ios },
    };
    expect(await counts(`counters/${app_id}@2.5.1`)).to.deep.equal(expected);
    const { hours, ...day } = (await counts(`counters/${app_id}@2.5.1/days/${today()}`)) ?? {};
    expect(day).to.deep.equal(expected);
    expect(Object.values(hours)).to.deep.equal([
      {
        android: { begun: 1, downloaded: 1, installed: 1 },
        ios: { downloaded: 1, installed: 1, rolled_back: 1 },
      },
    ]);
    expect(await counts(`counters/${app_id}@2.5.0`)).to.deep.equal({
      actions: { app_moved_to_foreground: 1 },
      platforms: { android: { app_moved_to_foreground: 1 } },
    });
    expect(await counts(`counters/${app_id}@builtin`)).to.deep.equal({
      actions: { reset: 1 },
      platforms: { ios: { reset: 1 } },
    });
    expect(await storedEvents(app_id)).to.have.length(21);
  });
});

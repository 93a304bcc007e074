import { expect } from "chai";
import { anEvent } from "../../dev/testing/events.ts";
import { actions } from "../../src/ingest/actions.ts";
import { createEventParser } from "../../src/ingest/event.ts";

const parseEvent = createEventParser(new Set());

/** The cleaned event, or the message that explains why it is none. */
function parse(fields: Record<string, unknown>) {
  const parsed = parseEvent(anEvent(fields));
  return parsed.ok ? parsed.event : parsed.message;
}

const required = ["app_id", "device_id", "action", "platform", "version_os", "plugin_version"];

/** Some devices leave these out. */
const emptyWhenAbsent = ["version_name", "version_build", "version_code"];

describe("event: required fields", () => {
  for (const field of required) {
    it(`refuses an event without ${field}, or with null for it`, () => {
      expect(parse({ [field]: undefined })).to.equal(`${field}: expected a string, got nothing`);
      expect(parse({ [field]: null })).to.equal(`${field}: expected a string, got null`);
      expect(parse({ [field]: [1] })).to.equal(`${field}: expected a string, got an array`);
    });
  }

  for (const field of emptyWhenAbsent) {
    it(`takes an event without ${field}, or with null for it, as one that leaves it empty`, () => {
      expect(parse({ [field]: undefined })).to.have.property(field, "");
      expect(parse({ [field]: null })).to.have.property(field, "");
      expect(parse({ [field]: [1] })).to.equal(`${field}: expected a string, got an array`);
    });
  }

  for (const field of [...required, ...emptyWhenAbsent, "custom_id", "message"]) {
    it(`refuses an object that looks like a string for ${field}`, () => {
      const lookalike = { length: { toString: 1 }, trim: 1, slice: 1, toString: 1 };
      expect(parse({ [field]: lookalike })).to.equal(`${field}: expected a string, got an object`);
    });
  }

  for (const field of ["version_build", "version_code", "version_os"]) {
    it(`takes a number for ${field} as its string`, () => {
      expect(parse({ [field]: 17 })).to.have.property(field, "17");
      expect(parse({ [field]: 17.5 })).to.have.property(field, "17.5");
    });
  }

  for (const [field, max] of Object.entries({
    device_id: 128,
    platform: 128,
    version_name: 512,
    version_build: 128,
    version_code: 128,
    version_os: 128,
    plugin_version: 128,
  })) {
    it(`takes ${max} characters for ${field} and cuts what is longer`, () => {
      expect(parse({ [field]: "x".repeat(max) })).to.have.property(field, "x".repeat(max));
      expect(parse({ [field]: "x".repeat(max + 1) })).to.have.property(field, "x".repeat(max));
    });
  }

  it("takes the empty version_name and device_id that some plugins send", () => {
    expect(parse({ version_name: "", device_id: "" })).to.include({ version_name: "", device_id: "" });
  });

  it("has one form of a device id", () => {
    expect(parse({ device_id: "5B1D6C1A-0D0A" })).to.have.property("device_id", "5b1d6c1a-0d0a");
  });

  for (const app_id of [
    "com.example.app",
    "io.a-b.c_d",
    "Com.Example.App2",
    "3d.example",
    `com.${"a".repeat(196)}`,
  ]) {
    it(`takes the app id ${app_id.slice(0, 40)}`, () => {
      expect(parse({ app_id })).to.have.property("app_id", app_id);
    });
  }

  for (const app_id of [
    "",
    "app",
    "com..app",
    ".com.app",
    "com.app.",
    "com.ex ample",
    "com/example.app",
    "com.exämple",
    "__a.b",
    `com.${"a".repeat(197)}`,
    "com.app\n",
  ]) {
    it(`refuses the app id ${JSON.stringify(app_id.slice(0, 40))}`, () => {
      expect(parse({ app_id })).to.match(/^app_id: expected a reverse domain name like com\.example\.app/);
    });
  }

  it("knows every action of the table, and no other", () => {
    for (const action of actions.keys()) expect(parse({ action })).to.have.property("action", action);
    expect(parse({ action: "Set" })).to.equal('action: expected an action of the updater plugin, got "Set"');
    expect(parse({ action: "constructor" })).to.include("expected an action");
  });
});

describe("event: optional fields", () => {
  const optional = [
    "old_version_name",
    "custom_id",
    "defaultChannel",
    "channel",
    "install_source",
    "key_id",
    "bundle_id",
    "message",
  ];

  for (const field of [...optional, "is_emulator", "is_prod", "timestamp", "metadata"]) {
    it(`takes null for ${field} as absent`, () => {
      expect(parse({ [field]: null }))
        .to.be.an("object")
        .that.does.not.have.property(field);
    });
  }

  for (const field of optional) {
    it(`leaves out an empty ${field}, cuts a long one and refuses what is no string`, () => {
      expect(parse({ [field]: "" }))
        .to.be.an("object")
        .that.does.not.have.property(field);
      const cut = parse({ [field]: "x".repeat(5_000) });
      expect(cut)
        .to.have.property(field)
        .that.matches(/^x{20,2048}$/);
      expect(parse({ [field]: 7 })).to.equal(`${field}: expected a string, got 7`);
    });
  }

  for (const field of ["is_emulator", "is_prod"]) {
    it(`takes true and false for ${field}, nothing else`, () => {
      expect(parse({ [field]: true })).to.have.property(field, true);
      expect(parse({ [field]: false })).to.have.property(field, false);
      expect(parse({ [field]: "yes" })).to.equal(`${field}: expected true or false, got "yes"`);
    });
  }

  it("leaves out fields it does not know", () => {
    expect(parse({ from_the_future: 1 }))
      .to.be.an("object")
      .that.does.not.have.property("from_the_future");
  });

  it("leaves out a timestamp outside the years 2000 to 2100", () => {
    expect(parse({ timestamp: Date.UTC(2000, 0) })).to.have.property("timestamp", Date.UTC(2000, 0));
    expect(parse({ timestamp: Date.UTC(2100, 11, 31) })).to.have.property("timestamp");
    expect(parse({ timestamp: Date.UTC(2101, 0) }))
      .to.be.an("object")
      .that.does.not.have.property("timestamp");
    for (const timestamp of [0, -1, Date.UTC(2000, 0) - 1, 1e300, Infinity]) {
      expect(parse({ timestamp })).to.be.an("object").that.does.not.have.property("timestamp");
    }
    expect(parse({ timestamp: "now" })).to.equal('timestamp: expected a number of milliseconds, got "now"');
  });

  it("trims custom_id and install_source, and writes the latter in lower case", () => {
    expect(parse({ custom_id: `${" ".repeat(200)}User_1842\n`, install_source: " TestFlight " })).to.include({
      custom_id: "User_1842",
      install_source: "testflight",
    });
    const blank = parse({ custom_id: " ", install_source: "\t" });
    expect(blank).to.be.an("object").that.does.not.have.any.keys("custom_id", "install_source");
  });

  it("does not cut a character in half", () => {
    expect(parse({ key_id: `${"x".repeat(19)}😀` })).to.have.property("key_id", "x".repeat(19));
  });
});

describe("event: metadata", () => {
  const metadata = (value: unknown) => {
    const parsed = parse({ metadata: value });
    return typeof parsed === "string" ? parsed : parsed.metadata;
  };

  it("keeps strings, and numbers and flags as strings", () => {
    expect(metadata({ a: "x", b: 684, c: true })).to.deep.equal({ a: "x", b: "684", c: "true" });
  });

  it("keeps 30 entries, keys of 64 and values of 2,048 characters", () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, "v"]));
    expect(Object.keys(metadata(many) ?? {})).to.deep.equal(Object.keys(many).slice(0, 30));
    expect(metadata({ ["k".repeat(65)]: "v".repeat(2_049) })).to.deep.equal({
      ["k".repeat(64)]: "v".repeat(2_048),
    });
  });

  it("stops at the last entry that it keeps", () => {
    const read: string[] = [];
    const names = Array.from({ length: 1_000 }, (_, i) => `k${i}`);
    const many = new Proxy(Object.fromEntries(names.map((name) => [name, "v"])), {
      get: (target, name) => {
        read.push(String(name));
        return Reflect.get(target, name);
      },
    });
    expect(Object.keys(metadata(many) ?? {})).to.have.length(30);
    expect(read).to.deep.equal(names.slice(0, 30));
  });

  it("leaves out what Firestore cannot store, and is left out when nothing remains", () => {
    const hostile = JSON.parse(
      '{"":"x","__proto__":"x","__name__":"x","deep":{"a":[[]]},"list":[1],"none":null,"constructor":"kept"}',
    );
    expect(metadata(hostile)).to.deep.equal({ constructor: "kept" });
    expect(metadata({})).to.equal(undefined);
    expect(metadata(JSON.parse('{"__proto__":{"polluted":1}}'))).to.equal(undefined);
    expect({}).to.be.an("object").that.does.not.have.property("polluted");
  });

  it("is refused when it is no object", () => {
    expect(metadata([1])).to.equal("metadata: expected an object of strings, got an array");
    expect(metadata("x")).to.equal('metadata: expected an object of strings, got "x"');
  });
});

describe("event: messages", () => {
  it("says what came instead of an object", () => {
    expect(parseEvent([])).to.deep.equal({
      ok: false,
      message: "expected an object, got an array",
      fields: [],
    });
    expect(parseEvent(null)).to.have.property("message", "expected an object, got null");
  });

  it("echoes no more than a short value", () => {
    const secret = "s".repeat(41);
    expect(parse({ app_id: secret })).not.to.include("sss");
  });
});

import { expect } from "chai";
import { readAddress, writeAddress, writeRequest } from "../../page/state/address.ts";

const chosen = (search: string) =>
  Object.fromEntries(Object.entries(readAddress(search)).filter(([, value]) => value !== undefined));

describe("the page's address", () => {
  it("says all that is chosen, and is written as it was read", () => {
    const search =
      "?app=com.example.shop&platform=ios&version=2.5.1&with=2.5.0&range=7d&measure=crashed&all=1";
    expect(chosen(search)).to.deep.equal({
      app: "com.example.shop",
      platform: "ios",
      version: "2.5.1",
      with: "2.5.0",
      range: "7d",
      measure: "crashed",
      all: true,
    });
    expect(writeAddress(readAddress(search))).to.equal(search);
  });

  it("chooses a platform alone", () => {
    expect(chosen("?platform=ios")).to.deep.equal({ platform: "ios" });
    expect(writeAddress(readAddress("?platform=ios"))).to.equal("?platform=ios");
  });

  it("leaves out what cannot be chosen", () => {
    expect(chosen("?platform=windows&range=8d&measure=constructor&all=yes&x=1")).to.deep.equal({});
    expect(writeAddress({})).to.equal("?");
  });

  it("keeps any name of a version", () => {
    for (const version of ["", "a&b=c", "?x#y", "+1 %20", "\u202e1.5.2", "__proto__"]) {
      expect(readAddress(writeAddress({ version })).version).to.equal(version);
    }
  });

  it("asks the server for no more than it needs: the measure is the page's own business", () => {
    expect(writeRequest(readAddress("?app=a&measure=crashed&range=7d"))).to.equal("?app=a&range=7d");
  });
});

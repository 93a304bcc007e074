import { expect } from "chai";
import { cellText, printable } from "../src/printable.ts";

describe("what strangers sent, in the page and in the tools", () => {
  const invisible = {
    "a control character": "\u001b",
    "an override of the direction": "\u202e",
    "half a character": "\ud800",
    "a line separator": "\u2028",
    "a paragraph separator": "\u2029",
    "a tag": "\u{e0041}",
    "the Hangul filler": "\u3164",
    "the filler of initial consonants": "\u115f",
    "a variation selector": "\ufe0f",
    "a supplementary variation selector": "\u{e0100}",
    "the combining grapheme joiner": "\u034f",
  };
  for (const [what, character] of Object.entries(invisible)) {
    it(`shows ${what} by its number`, () => {
      const number = character.codePointAt(0)?.toString(16);
      expect(printable(`2.5${character}.1`)).to.equal(`2.5\\u{${number}}.1`);
    });
  }

  it("shows all else as it is", () => {
    const names = ["2.5.1", "Straße 版本 إصدار 🚀", "<b>&amp;", "a b", "é e\u0301"];
    expect(names.map(printable)).to.deep.equal(names);
  });

  it("shows spaces by their numbers, but single ones between words", () => {
    const names = [" 2.5.1", "2.5.1 ", "2.5.1\u00a0", " ", "a  b"].map(printable);
    expect(names).to.deep.equal(["\\u{20}2.5.1", "2.5.1\\u{20}", "2.5.1\\u{a0}", "\\u{20}", "a \\u{20}b"]);
  });

  it("shows three marks on a letter, and those that are piled on them by their numbers", () => {
    expect(printable("e\u0301\u0323\u0308\u0301\u0301")).to.equal("e\u0301\u0323\u0308\\u{301}\\u{301}");
  });

  it("is no formula where a table is copied to a spreadsheet", () => {
    const formulas = ["=HYPERLINK(A1)", "+1", "-2+3", "@SUM(1)", "\uff1d1+1", "\uff20SUM(1)"];
    for (const formula of formulas) expect(cellText(formula)).to.equal(`'${formula}`);
    for (const space of ["\t", " ", "\u00a0"]) expect(cellText(`${space}=1+1`)).to.match(/^\\u\{\w+\}=1\+1$/);
    for (const name of ["2.5.1", "2.5.1-beta", "a=b", "–", "", "'=1"]) expect(cellText(name)).to.equal(name);
  });
});

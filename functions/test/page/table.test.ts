import { expect } from "chai";
import {
  type DataColumn,
  linesOf,
  searchRows,
  sortRows,
  writeCsv,
  writeTabs,
} from "../../page/parts/table-data.ts";

interface Row {
  name: string;
  count: number | null;
}

const columns: DataColumn<Row>[] = [
  { id: "name", name: "Name", value: ({ name }) => name },
  { id: "count", name: "Count", value: ({ count }) => count },
];

const row = (name: string, count: number | null = 0): Row => ({ name, count });
const names = (rows: readonly Row[]) => rows.map(({ name }) => name);

describe("a table of the page", () => {
  describe("sorts", () => {
    const rows = [row("b", 9), row("none", null), row("a", 100), row("c", 9)];

    it("by numbers, and leaves equal ones in their order", () => {
      expect(names(sortRows(rows, columns, { column: "count", descending: true }))).to.deep.equal([
        "a",
        "b",
        "c",
        "none",
      ]);
    });

    it("what has no value last, in either direction", () => {
      expect(names(sortRows(rows, columns, { column: "count", descending: false })).at(-1)).to.equal("none");
      expect(names(sortRows(rows, columns, { column: "count", descending: true })).at(-1)).to.equal("none");
    });

    it("numbers in texts as numbers", () => {
      const files = [row("file 10"), row("file 9"), row("file 1")];
      expect(names(sortRows(files, columns, { column: "name", descending: false }))).to.deep.equal([
        "file 1",
        "file 9",
        "file 10",
      ]);
    });

    it("as a column says, where it says so", () => {
      const byLength = columns.map((column) => ({
        ...column,
        compare: (a: Row, b: Row) => a.name.length - b.name.length,
      }));
      const words = [row("aaa"), row("c"), row("bb")];
      expect(names(sortRows(words, byLength, { column: "name", descending: false }))).to.deep.equal([
        "c",
        "bb",
        "aaa",
      ]);
    });

    it("nothing before it is asked to", () => {
      expect(sortRows(rows, columns, undefined)).to.equal(rows);
      expect(sortRows(rows, columns, { column: "gone", descending: true })).to.equal(rows);
    });
  });

  describe("finds", () => {
    const rows = [row("2.5.1"), row("2.5.0-Beta.1"), row("1.0\u200b.0")];

    it("a part of a name, in large letters or small ones, with spaces around it", () => {
      expect(names(searchRows(rows, columns, " BETA "))).to.deep.equal(["2.5.0-Beta.1"]);
      expect(names(searchRows(rows, columns, "2.5"))).to.deep.equal(["2.5.1", "2.5.0-Beta.1"]);
      expect(searchRows(rows, columns, "3")).to.deep.equal([]);
    });

    it("a name as it is written out", () => {
      expect(names(searchRows(rows, columns, "\\u{200b}"))).to.deep.equal(["1.0\u200b.0"]);
    });

    it("all rows without a text", () => {
      expect(searchRows(rows, columns, "  ")).to.equal(rows);
    });
  });

  describe("gives a spreadsheet", () => {
    it("numbers without separators, and nothing where there is no value", () => {
      expect(linesOf([row("2.5.1", 1_234_567), row("2.5.0", null)], columns)).to.deep.equal([
        ["Name", "Count"],
        ["2.5.1", "1234567"],
        ["2.5.0", ""],
      ]);
    });

    it("no formula, and no name that leaves its cell", () => {
      const evil = ["=1+1", "@SUM(A1)", "a\tb\r\nc", 'say "hi", twice'];
      const lines = linesOf(
        evil.map((name) => row(name)),
        columns,
      );
      expect(writeTabs(lines).split("\n")).to.deep.equal([
        "Name\tCount",
        "'=1+1\t0",
        "'@SUM(A1)\t0",
        "a\\u{9}b\\u{d}\\u{a}c\t0",
        'say "hi", twice\t0',
      ]);
      expect(writeCsv(lines)).to.equal(
        [
          '\ufeff"Name","Count"',
          `"'=1+1","0"`,
          `"'@SUM(A1)","0"`,
          '"a\\u{9}b\\u{d}\\u{a}c","0"',
          '"say ""hi"", twice","0"',
          "",
        ].join("\r\n"),
      );
    });

    it("no formula in quotation marks, and none that opens a cell which ends in another line", () => {
      const lines = linesOf([row('"=1+1"'), row('"'), row('2 "x"')], columns);
      expect(writeTabs(lines).split("\n").slice(1)).to.deep.equal(['"""=1+1"""\t0', '""""\t0', '2 "x"\t0']);
    });

    it("more than is shown, where a column says so, in the order of the rows", () => {
      const split = [
        {
          id: "name",
          name: "Name",
          value: ({ name }: Row) => name,
          fields: [
            { name: "Major", value: ({ name }: Row) => Number(name.split(".")[0]) },
            { name: "Minor", value: ({ name }: Row) => Number(name.split(".")[1]) },
          ],
        },
      ];
      expect(linesOf([row("2.5"), row("1.7")], split)).to.deep.equal([
        ["Major", "Minor"],
        ["2", "5"],
        ["1", "7"],
      ]);
    });
  });
});

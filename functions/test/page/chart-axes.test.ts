import { expect } from "chai";
import {
  axisOf,
  fitting,
  formatPercentTick,
  placeOf,
  spread,
  stepMilliseconds,
  timeTicks,
} from "../../page/parts/axes.ts";
import { areaPath, linePath, runsOf } from "../../page/parts/shapes.ts";

const MIDNIGHT = Date.UTC(2026, 10, 20);

const hours = (count: number, from = MIDNIGHT) => ({
  step: "hour" as const,
  times: Array.from({ length: count }, (_, place) => from + place * stepMilliseconds.hour),
});

const days = (count: number) => ({
  step: "day" as const,
  times: Array.from({ length: count }, (_, place) => MIDNIGHT + place * stepMilliseconds.day),
});

describe("the axes of a chart", () => {
  it("have round numbers, and hold the most that is shown", () => {
    for (let most = 0.001; most < 2_000_000; most *= 1.37) {
      const { top, ticks } = axisOf(most, 4);
      const [, step = 0] = ticks;
      expect(top, String(most)).to.be.at.least(most * (1 - 1e-9));
      expect(top - step, String(most)).to.be.below(most);
      expect(ticks.length, String(most)).to.be.within(2, 5);
      expect(step.toExponential(6), String(most)).to.match(/^[125]\.000000e/);
    }
  });

  it("tell neighbouring rates apart", () => {
    const written = (most: number) => {
      const axis = axisOf(most, 4);
      return axis.ticks.map((tick) => formatPercentTick(tick, axis));
    };
    expect(written(0.31)).to.deep.equal(["0\u00a0%", "10\u00a0%", "20\u00a0%", "30\u00a0%", "40\u00a0%"]);
    expect(written(0.01)).to.deep.equal(["0.0\u00a0%", "0.5\u00a0%", "1.0\u00a0%"]);
    expect(written(0.8)).to.deep.equal(["0\u00a0%", "20\u00a0%", "40\u00a0%", "60\u00a0%", "80\u00a0%"]);
    expect(written(1)).to.deep.equal(["0\u00a0%", "50\u00a0%", "100\u00a0%"]);
  });

  it("name round hours of a day, and the day where it begins", () => {
    const labels = timeTicks(hours(24, MIDNIGHT + 14 * stepMilliseconds.hour), "UTC", 8);
    expect(labels).to.deep.equal([
      { index: 1, label: "15:00" },
      { index: 4, label: "18:00" },
      { index: 7, label: "21:00" },
      { index: 10, label: "21 Nov" },
      { index: 13, label: "03:00" },
      { index: 16, label: "06:00" },
      { index: 19, label: "09:00" },
      { index: 22, label: "12:00" },
    ]);
  });

  it("name the days of many hours, and no more days than there is room for, today among them", () => {
    expect(timeTicks(hours(7 * 24), "UTC", 10)).to.deep.equal(
      Array.from({ length: 7 }, (_, day) => ({ index: 24 * day, label: `${20 + day} Nov` })),
    );
    for (const count of [1, 7, 30, 90]) {
      for (const most of [2, 3, 8, 20]) {
        const ticks = timeTicks(days(count), "UTC", most);
        expect(ticks.length, `${count} days, ${most} labels`).to.be.within(1, most);
        expect(ticks.at(-1)?.index).to.equal(count - 1);
      }
    }
  });

  it("place a time within the step that it is in", () => {
    expect(placeOf(MIDNIGHT + 36 * stepMilliseconds.hour, days(3))).to.equal(1.5);
    expect(placeOf(MIDNIGHT - 1, days(3))).to.equal(undefined);
    expect(placeOf(MIDNIGHT + 3 * stepMilliseconds.day, days(3))).to.equal(undefined);
  });

  it("show each label that covers none of those before it", () => {
    const labels = [
      { left: 0, right: 50 },
      { left: 40, right: 90 },
      { left: 50, right: 60 },
      { left: 90, right: 95 },
    ];
    expect(fitting(labels)).to.deep.equal([true, false, true, true]);
  });

  it("move names at the ends of lines apart, and keep them in the chart and in their order", () => {
    expect(spread([100, 20], 15, 200)).to.deep.equal([100, 20]);
    expect(spread([100, 98, 101], 15, 200)).to.deep.equal([113, 98, 128]);
    expect(spread([199, 200], 15, 200)).to.deep.equal([185, 200]);
  });
});

describe("the shapes of a chart", () => {
  it("leave gaps where there is nothing", () => {
    expect(runsOf([undefined, 1, 2, undefined, undefined, 3])).to.deep.equal([[1, 2], [3]]);
    expect(runsOf([undefined])).to.deep.equal([]);
  });

  it("are paths of SVG", () => {
    expect(linePath([])).to.equal("");
    expect(
      linePath([
        [1, 2],
        [3.149, 4],
      ]),
    ).to.equal("M1,2L3.1,4");
    const upper = [
      [0, 1],
      [2, 1],
    ] as const;
    const lower = [
      [0, 5],
      [2, 6],
    ] as const;
    expect(areaPath(upper, lower)).to.equal("M0,1L2,1L2,6L0,5Z");
  });
});

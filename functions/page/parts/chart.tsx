/** The frame of a chart over time: axes, marks, names at the ends of lines, and a tip for each step. */

import type { ComponentChildren, TargetedEvent, TargetedPointerEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { printable } from "../../src/printable.ts";
import { useZone } from "../state/zone.ts";
import { type Axis, fitting, placeOf, type Steps, spread, timeTicks } from "./axes.ts";

/** Where things stand, in pixels from the upper left corner. */
export interface Frame {
  width: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
  stepWidth: number;
  /** The middle of a step. */
  x(index: number): number;
  y(value: number): number;
  /** The step that the tip is about. */
  selected: number | undefined;
}

/** Something that happened at a time. */
export interface Mark {
  time: number;
  name: string;
  isStrong: boolean;
}

/** The name of a line, at its last value. */
export interface LineEnd {
  name: string;
  value: number;
  class: string;
}

interface ChartProps {
  /** What it shows, for those who do not see it. */
  label: string;
  steps: Steps;
  axis: Axis;
  formatTick(value: number): string;
  /** Those that come first have room for their names first. */
  marks?: readonly Mark[];
  ends?: readonly LineEnd[];
  /** What a step says: in a tip, and in one line that is read out. */
  tip(index: number): ComponentChildren;
  say(index: number): string;
  /** Draws what is shown. */
  children(frame: Frame): ComponentChildren;
}

const HEIGHT = 240;
const AXIS_WIDTH = 44;
const AXIS_HEIGHT = 24;
/** A label of the axis of time takes so much with what is around it. */
const TICK_WIDTH = 48;
const MOST_LONG_MARKS = 8;
/** Of the widest, bold ones. */
const CHARACTER_WIDTH = 8;
const LINE_HEIGHT = 15;

/** A range input, which keys and screen readers know how to move, lies over the plot and chooses the step; pointers choose it too. */
export function Chart(props: ChartProps) {
  const { label, steps, marks = [], ends = [], tip, say } = props;
  const [element, width] = useWidth();
  const [chosen, choose] = useState<number>();
  const last = steps.times.length - 1;
  const selected = chosen === undefined ? undefined : Math.min(chosen, last);
  const frame = frameOf(props, width, selected);
  const point = ({ currentTarget, clientX }: TargetedPointerEvent<HTMLElement>) => {
    const place = (clientX - currentTarget.getBoundingClientRect().left - frame.left) / frame.stepWidth;
    choose(Math.max(0, Math.min(last, Math.floor(place))));
  };
  return (
    <label
      class="chart"
      ref={element}
      onPointerMove={point}
      onPointerDown={point}
      onPointerLeave={(event) => {
        if (event.pointerType === "mouse") choose(undefined);
      }}
    >
      <svg width={width} height={HEIGHT} aria-hidden="true">
        {width > 0 && (
          <>
            <ValueAxis {...props} frame={frame} />
            <TimeAxis steps={steps} frame={frame} />
            <Marks marks={marks} steps={steps} frame={frame} />
            {selected !== undefined && (
              <line
                class="cursor"
                x1={frame.x(selected)}
                x2={frame.x(selected)}
                y1={frame.top}
                y2={frame.bottom}
              />
            )}
            {props.children(frame)}
            <LineEnds ends={ends} frame={frame} characters={endCharacters(width)} />
          </>
        )}
      </svg>
      <input
        type="range"
        aria-label={label}
        min={0}
        max={last}
        value={selected ?? last}
        aria-valuetext={say(selected ?? last)}
        onInput={({ currentTarget }: TargetedEvent<HTMLInputElement>) => choose(Number(currentTarget.value))}
        onFocus={() => choose((before) => before ?? last)}
        onBlur={() => choose(undefined)}
        onKeyDown={({ key }) => key === "Escape" && choose(undefined)}
      />
      {selected !== undefined && (
        <span class="chart-tip" aria-hidden="true" style={aboveStep(frame, selected)}>
          {tip(selected)}
        </span>
      )}
    </label>
  );
}

/** The width that its place gives it, in pixels; 0 until it is known. */
function useWidth() {
  const element = useRef<HTMLLabelElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width] as const;
}

function frameOf(
  { steps, axis, marks = [], ends = [] }: ChartProps,
  width: number,
  selected: number | undefined,
): Frame {
  const left = AXIS_WIDTH;
  const right = width - (ends.length > 0 ? endCharacters(width) * CHARACTER_WIDTH + 12 : 8);
  const top = marks.length > 0 ? 24 : 8;
  const bottom = HEIGHT - AXIS_HEIGHT;
  const stepWidth = (right - left) / Math.max(1, steps.times.length);
  return {
    width,
    left,
    right,
    top,
    bottom,
    stepWidth,
    x: (index) => left + (index + 0.5) * stepWidth,
    y: (value) => bottom - (value / axis.top) * (bottom - top),
    selected,
  };
}

/** A narrow chart has less room for the names of lines. */
function endCharacters(width: number): number {
  return width < 560 ? 7 : 12;
}

function ValueAxis({ axis, formatTick, frame: { left, right, y } }: ChartProps & { frame: Frame }) {
  return (
    <g class="axis">
      {axis.ticks.map((value) => (
        <g key={value}>
          <line x1={left} x2={right} y1={y(value)} y2={y(value)} />
          <text x={left - 6} y={y(value) + 4} text-anchor="end">
            {formatTick(value)}
          </text>
        </g>
      ))}
    </g>
  );
}

/** Hours stand where they begin, days in their middle. */
function TimeAxis({ steps, frame: { left, right, bottom, stepWidth, x } }: { steps: Steps; frame: Frame }) {
  const zone = useZone();
  const most = Math.max(2, Math.floor((right - left) / TICK_WIDTH));
  const isHour = steps.step === "hour";
  return (
    <g class="axis">
      {timeTicks(steps, zone, most).map(({ index, label }) => {
        const at = x(index) - (isHour ? stepWidth / 2 : 0);
        return (
          <g key={index}>
            <line x1={at} x2={at} y1={bottom} y2={bottom + 5} />
            <text x={at} y={bottom + 18} text-anchor="middle">
              {label}
            </text>
          </g>
        );
      })}
    </g>
  );
}

/** A mark whose name has no room is short, and so are those of others where they are many. */
function Marks({
  marks,
  steps,
  frame: { width, left, top, bottom, stepWidth },
}: {
  marks: readonly Mark[];
  steps: Steps;
  frame: Frame;
}) {
  const placed = marks.flatMap(({ time, name, isStrong }) => {
    const place = placeOf(time, steps);
    if (place === undefined) return [];
    const text = cut(name, 14);
    const length = (text.length + 1) * CHARACTER_WIDTH;
    const x = left + place * stepWidth;
    const isOnLeft = x + length > width;
    return [
      { x, text, isStrong, isOnLeft, left: isOnLeft ? x - length : x, right: isOnLeft ? x : x + length },
    ];
  });
  const fits = fitting(placed);
  return (
    <g class="marks">
      {placed.map(({ x, text, isStrong, isOnLeft }, index) => {
        const isNamed = fits[index] ?? false;
        const isLong = isStrong || (isNamed && placed.length <= MOST_LONG_MARKS);
        return (
          <g key={index} class={isStrong ? "strong" : undefined}>
            <line x1={x} x2={x} y1={isNamed ? 4 : top - 4} y2={isLong ? bottom : top + 4} />
            {isNamed && (
              <text x={isOnLeft ? x - 4 : x + 4} y={14} text-anchor={isOnLeft ? "end" : "start"}>
                {text}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

function LineEnds({
  ends,
  frame: { right, top, bottom, y },
  characters,
}: {
  ends: readonly LineEnd[];
  frame: Frame;
  characters: number;
}) {
  const heights = spread(
    ends.map(({ value }) => Math.max(top, y(value))),
    LINE_HEIGHT,
    bottom,
  );
  return (
    <g class="ends">
      {ends.map(({ name, class: className }, index) => (
        <text key={index} class={className} x={right + 8} y={(heights[index] ?? 0) + 4}>
          {cut(name, characters)}
        </text>
      ))}
    </g>
  );
}

/** Above the plot, so that it covers nothing of it, and never beyond the edges. */
function aboveStep({ x, width }: Frame, index: number) {
  const at = x(index);
  return { left: `${at}px`, transform: `translateX(${(-100 * at) / width}%)` };
}

/** A stranger's name, as short as there is room for. */
function cut(name: string, most: number): string {
  const characters = [...printable(name)];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : characters.join("");
}

/** Where attempts are lost on the way to a version, beside another version at the same age. */

import type { VersionDetail } from "../../../src/dashboard/data.ts";
import { type Proportion, wilsonInterval } from "../../../src/health/statistics.ts";
import { formatDuration, formatNumber, formatRate } from "../../format.ts";
import { stepMilliseconds } from "../../parts/axes.ts";
import { Interval } from "../../parts/interval.tsx";
import { Name } from "../../parts/name.tsx";
import { words } from "../../words.ts";
import { type Loss, lossesOf } from "./losses.ts";

export function LossesView({ detail: { version, other, age_hours } }: { detail: VersionDetail }) {
  const age = formatDuration(age_hours * stepMilliseconds.hour);
  return (
    <section aria-labelledby="losses-title">
      <h3 id="losses-title">{words.version.lost}</h3>
      <table class="losses" aria-labelledby="losses-title">
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">{words.version.loss}</span>
            </th>
            <th scope="col" class="number">
              <Name of={version.version_name} />
            </th>
            {other && (
              <>
                <th scope="col" class="number">
                  <Name of={other.version_name} />
                </th>
                <th scope="col" class="number">
                  {words.version.points}
                </th>
              </>
            )}
          </tr>
        </thead>
        <tbody>
          {lossesOf(version.measures, other?.measures).map((loss) => (
            <LossRow key={loss.name} loss={loss} />
          ))}
        </tbody>
      </table>
      <p class="notes">{other ? words.version.sameHours(age) : words.version.firstHours(age)}</p>
    </section>
  );
}

/** No scale ends below this: the interval of hardly any failures is to look short. */
const LEAST_SCALE = 0.02;

/** Both intervals of a row have one scale. */
function LossRow({ loss: { name, own, other, points, verdict } }: { loss: Loss }) {
  const [title, of] = words.version.losses[name];
  const highs = [own, other].map((side) => (side && side.of > 0 ? wilsonInterval(side).high : 0));
  const most = Math.max(LEAST_SCALE, ...highs);
  return (
    <tr class={verdict}>
      <th scope="row">
        {title}
        <small>{of}</small>
      </th>
      <Share of={own} most={most} />
      {other && (
        <>
          <Share of={other} most={most} />
          <td class="number">
            {points === undefined ? words.nothing : signed(points)}
            {verdict && <strong class="verdict">{words.version.verdicts[verdict]}</strong>}
          </td>
        </>
      )}
    </tr>
  );
}

function Share({ of, most }: { of: Proportion; most: number }) {
  return (
    <td class="number">
      <span class="rate">{formatRate(of)}</span>
      {of.of > 0 && (
        <>
          <small>{words.version.counts(formatNumber(of.count), formatNumber(of.of))}</small>
          <Interval proportion={of} most={most} />
        </>
      )}
    </td>
  );
}

/** `+7.7`, `−0.1` */
function signed(points: number): string {
  const size = Math.abs(points);
  return size < 0.005 ? "0" : `${points > 0 ? "+" : "−"}${size.toFixed(size < 0.095 ? 2 : 1)}`;
}

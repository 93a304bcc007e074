/** The alarms: which version fails, where, how much, since when, and why. */

import { useState } from "preact/hooks";
import type {
  AlarmFailure,
  AlarmReport,
  AppReport,
  DashboardData,
  EndedAlarm,
  EndedAlarms,
} from "../../src/dashboard/data.ts";
import { rateOf } from "../../src/health/statistics.ts";
import { printable } from "../../src/printable.ts";
import {
  formatMinute,
  formatNumber,
  formatPercent,
  formatRate,
  formatSecond,
  formatWholePercent,
} from "../format.ts";
import { Choose } from "../parts/choose.tsx";
import { Name } from "../parts/name.tsx";
import { Tip } from "../parts/tip.tsx";
import { ofAnotherApp, writeAddress } from "../state/address.ts";
import type { Answered } from "../state/answers.ts";
import { useChoice } from "../state/choice.ts";
import { failureOf, fetchJson } from "../state/fetch-json.ts";
import { useZone } from "../state/zone.ts";
import { words } from "../words.ts";
import { verdict } from "./alarm-words.ts";
import { isJudged } from "./notices.tsx";

const LONGEST_CAUSE = 100;

/** Alarms of other apps, which nobody would see who looks at this one. */
export function OtherAlarms({ data: { apps, app } }: { data: DashboardData }) {
  if (!app) return null;
  const others = apps.filter(({ app_id, alarms }) => alarms.length > 0 && app_id !== app.app_id);
  if (others.length === 0) return null;
  return (
    <nav class="elsewhere" aria-label={words.alarms.elsewhere}>
      <strong>{words.alarms.elsewhere}</strong>
      <ul>
        {others.map(({ app_id, alarms }) => (
          <li key={app_id}>
            <Choose goTo="main" change={{ ...ofAnotherApp, app: app_id, platform: undefined }}>
              {app_id}
            </Choose>{" "}
            <small>
              {alarms[0] && <Name of={alarms[0].version_name} />}
              {words.on(alarms[0]?.scopes ?? ["all"])}
              {alarms.length > 1 && ` ${words.alarms.andMore(alarms.length - 1)}`}
            </small>
          </li>
        ))}
      </ul>
    </nav>
  );
}

export function AlarmsView({ app, answered }: { app: AppReport; answered: Answered }) {
  const hasUpdates = app.versions.some(({ is_update }) => is_update);
  return (
    <section class="alarms" aria-label={words.alarms.title}>
      <h2 class="hidden">{words.alarms.title}</h2>
      {app.alarms.map((alarm, place) => (
        <AlarmBox key={alarm.version_name} alarm={alarm} app={app} isWorst={place === 0} />
      ))}
      {app.alarms.length === 0 && isJudged(answered) && (
        <p class="calm">
          <Check />
          {hasUpdates ? words.alarms.calm : words.alarms.noUpdate}
        </p>
      )}
      <div class="asides">
        <Tip of={words.alarms.title} text={words.alarms.how}>
          {words.alarms.test.map((sentence) => (
            <span key={sentence} class="paragraph">
              {sentence}
            </span>
          ))}
        </Tip>
        <History key={app.app_id} app_id={app.app_id} />
      </div>
    </section>
  );
}

interface AlarmBoxProps {
  alarm: AlarmReport;
  app: AppReport;
  /** The others are folded, so that there is room for what is below. */
  isWorst: boolean;
}

function AlarmBox({ alarm, app, isWorst }: AlarmBoxProps) {
  const zone = useZone();
  const { address } = useChoice();
  const { version_name, failures, began_at } = alarm;
  const [worst] = failures;
  if (!worst) return null;
  const released_at = app.versions.find((version) => version.version_name === version_name)?.released_at;
  const [first = "all"] = worst.scopes;
  const platform = address.platform && worst.scopes.includes(address.platform) ? address.platform : first;
  const since = words.alarms.since(formatMinute(began_at, zone));
  const released = released_at == null ? "" : words.alarms.released(formatMinute(released_at, zone));
  const facts = (
    <>
      <ul class="failures">
        {failures.flatMap((failure) => partsOf(failure).map((part) => <Part {...part} />))}
      </ul>
      <Causes failures={failures} />
    </>
  );
  return (
    <article class="alarm">
      <Sign />
      <h3>
        <span class="subject">
          <Name of={version_name} />
          {words.on(worst.scopes)}
        </span>
        <span class="hidden">: </span>
        <span class="verdict">{verdict(worst)}</span>
      </h3>
      {isWorst ? (
        <div class="facts">
          <p>
            {since} {released}
          </p>
          {facts}
        </div>
      ) : (
        <details class="facts">
          <summary>{since}</summary>
          <p>{released}</p>
          {facts}
        </details>
      )}
      <Choose
        class="button"
        goTo="version"
        change={{
          version: version_name,
          with: undefined,
          measure: worst.measure,
          platform: platform === "all" ? undefined : platform,
          range: worst.rule === "own_past" ? "24h" : undefined,
        }}
      >
        {words.alarms.closer}
        <span class="hidden">{words.alarms.closerAt(printable(version_name))}</span>
      </Choose>
    </article>
  );
}

interface PartProps {
  key: string;
  failure: AlarmFailure;
  part: AlarmFailure["parts"][number];
}

/** A failure on each platform; as a whole where its parts are not known. */
function partsOf(failure: AlarmFailure): PartProps[] {
  const { measure, scopes, parts, now, before } = failure;
  const known =
    parts.length > 0 ? parts : [{ scope: scopes.length === 1 ? (scopes[0] ?? "all") : "all", now, before }];
  return known.map((part) => ({ key: `${measure} ${part.scope}`, failure, part }));
}

function Part({ failure: { measure, rule }, part: { scope, now, before } }: PartProps) {
  return (
    <li>
      <strong>{words.platform(scope)}</strong>:{" "}
      {words.alarms.share(formatRate(now), formatNumber(now.count), formatNumber(now.of))}{" "}
      {words.alarms.measures[measure].full}. {comparison(rule, before)}
    </li>
  );
}

function comparison(rule: AlarmFailure["rule"], before: AlarmFailure["before"]): string {
  const share = words.alarms.share(formatRate(before), formatNumber(before.count), formatNumber(before.of));
  return words.alarms.rules[rule](rule === "threshold" ? formatPercent(rateOf(before)) : share);
}

/** What sets the failing devices apart; of several failures, each thing once. */
function Causes({ failures }: { failures: readonly AlarmFailure[] }) {
  const causes = new Map(
    failures.flatMap((failure) =>
      failure.causes.map((cause) => [`${cause.field} ${cause.value}`, cause] as const),
    ),
  );
  if (causes.size === 0) return <p class="why">{words.alarms.noCauses}</p>;
  return (
    <>
      <p class="why">{words.alarms.why}</p>
      <ul>
        {[...causes].map(([key, { field, value, failing, others }]) => (
          <li key={key}>
            <code>
              <Name of={`${cut(field)} ${cut(value)}`} />
            </code>
            : {words.alarms.cause(formatWholePercent(failing), formatWholePercent(others))}
          </li>
        ))}
      </ul>
    </>
  );
}

function cut(text: string): string {
  const characters = [...text];
  return characters.length > LONGEST_CAUSE ? `${characters.slice(0, LONGEST_CAUSE).join("")}…` : text;
}

/** Read when somebody opens it. */
function History({ app_id }: { app_id: string }) {
  const [ended, setEnded] = useState<EndedAlarms | string>();
  const open = async ({ currentTarget }: { currentTarget: HTMLDetailsElement }) => {
    if (!currentTarget.open) return;
    setEnded(undefined);
    try {
      const { body } = await fetchJson<EndedAlarms>(
        `alarms${writeAddress({ app: app_id })}`,
        new AbortController().signal,
      );
      setEnded(body);
    } catch (error) {
      setEnded(failureOf(error));
    }
  };
  return (
    <details class="history" onToggle={open}>
      <summary>{words.alarms.history}</summary>
      {ended === undefined ? (
        <p aria-busy="true">{words.frame.loading}</p>
      ) : typeof ended === "string" ? (
        <p>{ended}</p>
      ) : (
        <Ended {...ended} />
      )}
    </details>
  );
}

function Ended({ alarms, incomplete }: EndedAlarms) {
  if (alarms.length === 0) return <p>{words.alarms.noHistory}</p>;
  return (
    <>
      <ul>
        {alarms.map((alarm) => (
          <li key={`${alarm.version_name} ${alarm.measure} ${alarm.began_at}`}>
            <EndedLine alarm={alarm} />
          </li>
        ))}
      </ul>
      {incomplete && <p>{words.alarms.moreHistory}</p>}
    </>
  );
}

function EndedLine({ alarm }: { alarm: EndedAlarm }) {
  const zone = useZone();
  const { version_name, scopes, began_at, ended_at, end } = alarm;
  return (
    <>
      <strong>
        <Name of={version_name} />
        {words.on(scopes)}
      </strong>
      : {verdict(alarm)}. {words.alarms.ended(formatSecond(began_at, zone), formatSecond(ended_at, zone))}{" "}
      {end && words.alarms.ends[end]}
    </>
  );
}

function Sign() {
  return (
    <svg class="sign" viewBox="0 0 48 48" aria-hidden="true">
      <path d="M24 5 46 43H2Z" fill="currentColor" />
      <path d="M24 18v13m0 4v4" class="sign-mark" />
    </svg>
  );
}

function Check() {
  return (
    <svg class="check" viewBox="0 0 24 24" aria-hidden="true">
      <path d="m5 13 4.5 4.5L19 7.5" />
    </svg>
  );
}

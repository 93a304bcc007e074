/** All apps, a row each: the page of those who have more than one. */

import type { AppSummary } from "../../src/dashboard/data.ts";
import { cellText, printable } from "../../src/printable.ts";
import { formatNumber } from "../format.ts";
import { Choose } from "../parts/choose.tsx";
import { Name } from "../parts/name.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { ofAnotherApp } from "../state/address.ts";
import type { Answered } from "../state/answers.ts";
import { useChoice } from "../state/choice.ts";
import { words } from "../words.ts";
import { isJudged } from "./notices.tsx";

/** More apps than that are searched. */
const SEARCHED_APPS = 10;

/** An app's row says so many of its versions that alarm. */
const SAID_ALARMS = 3;

const { columns: names } = words.apps;

/** `calm` is what is said of an app without alarms. */
const columnsOf = (calm: string): Column<AppSummary>[] => [
  {
    id: "app",
    name: names.app,
    value: ({ app_id }) => app_id,
    cell: ({ app_id }) => (
      <Choose class="app-link" goTo="main" change={{ ...ofAnotherApp, app: app_id }}>
        <Name of={cellText(app_id)} />
      </Choose>
    ),
  },
  {
    id: "state",
    name: names.state,
    numeric: true, // The one with the most alarms is the first.
    value: ({ alarms }) => alarms.length,
    fields: [{ name: names.state, value: ({ alarms }) => alarms.map(alarmText).join("; ") || calm }],
    cell: ({ alarms }) => <State alarms={alarms} calm={calm} />,
  },
  {
    id: "live",
    name: names.live,
    tip: words.apps.tips.live,
    numeric: true,
    value: ({ live_versions }) => live_versions,
    fields: [
      { name: names.live, value: ({ live_versions }) => live_versions },
      { name: names.versions, value: ({ versions }) => versions },
    ],
    cell: ({ live_versions, versions }) => (
      <>
        {formatNumber(live_versions)} <small>{words.apps.ofVersions(formatNumber(versions))}</small>
      </>
    ),
  },
  {
    id: "opened",
    name: names.opened,
    tip: words.apps.tips.opened,
    numeric: true,
    value: ({ today }) => today?.opened ?? null,
  },
  {
    id: "installed",
    name: names.installed,
    tip: words.apps.tips.installed,
    numeric: true,
    value: ({ today }) => today?.installed ?? null,
  },
  {
    id: "installs",
    name: names.installs,
    tip: words.apps.tips.installs,
    numeric: true,
    value: ({ installs }) => installs,
  },
];

export function AppsView({ answered }: { answered: Answered }) {
  const { address } = useChoice();
  const { apps } = answered.body;
  const calm = isJudged(answered) ? words.apps.calm : words.nothing;
  const platform = address.platform ?? "all";
  return (
    <section id="apps" class="card">
      <h2>{words.apps.title}</h2>
      <Table
        id="apps-table"
        label={words.apps.title}
        search={apps.length > SEARCHED_APPS ? words.apps.search : undefined}
        columns={columnsOf(calm)}
        rows={apps}
        keyOf={({ app_id }) => app_id}
        rowClass={({ alarms }) => (alarms.length > 0 ? "alarming" : undefined)}
        folded={(app) => (
          <>
            <span class="line-name">
              <Name of={cellText(app.app_id)} />
            </span>
            <span class="line-rate">
              <Sign alarms={app.alarms} calm={calm} />
            </span>
          </>
        )}
      />
      {platform !== "all" && <p class="left-out">{words.apps.platform(words.platform(platform))}</p>}
    </section>
  );
}

type StateProps = Pick<AppSummary, "alarms"> & { calm: string };

function State({ alarms, calm }: StateProps) {
  const more = alarms.length - SAID_ALARMS;
  return (
    <>
      <Sign alarms={alarms} calm={calm} />
      {alarms.length > 0 && (
        <ul class="alarming-versions">
          {alarms.slice(0, SAID_ALARMS).map(({ version_name, scopes }) => (
            <li key={version_name}>
              <Name of={version_name} />
              {words.on(scopes)}
            </li>
          ))}
          {more > 0 && <li>{words.alarms.andMore(more)}</li>}
        </ul>
      )}
    </>
  );
}

function Sign({ alarms, calm }: StateProps) {
  return alarms.length > 0 ? (
    <strong class="tag">{words.apps.alarms(alarms.length)}</strong>
  ) : (
    <span class="calm-state">{calm}</span>
  );
}

function alarmText({ version_name, scopes }: AppSummary["alarms"][number]): string {
  return `${printable(version_name)}${words.on(scopes)}`;
}

/** The head of the page: which app and platform are shown, and how old the figures are. */

import { printable } from "../../src/printable.ts";
import { formatClock } from "../format.ts";
import { Segments } from "../parts/segments.tsx";
import { ofAnotherApp, scopes } from "../state/address.ts";
import type { Answered } from "../state/answers.ts";
import { useChoice } from "../state/choice.ts";
import { useZone, type Zone, zones } from "../state/zone.ts";
import { words } from "../words.ts";

export function Header({ answered, onZone }: { answered: Answered | undefined; onZone(zone: Zone): void }) {
  return (
    <header>
      <h1>{words.frame.title}</h1>
      {answered && <AppPicker answered={answered} />}
      {answered && <PlatformPicker answered={answered} />}
      <div class="clock">
        {answered && <Freshness answered={answered} />}
        <ZonePicker onZone={onZone} />
      </div>
    </header>
  );
}

/** An app that has no counters can be chosen by its address, so it is shown as chosen. */
function AppPicker({ answered: { body } }: { answered: Answered }) {
  const { address, choose } = useChoice();
  const chosen = address.app ?? body.app?.app_id ?? "";
  const isKnown = chosen === "" || body.apps.some(({ app_id }) => app_id === chosen);
  if (body.apps.length === 0 && isKnown) return null;
  const pick = ({ currentTarget }: { currentTarget: HTMLSelectElement }) =>
    choose({ ...ofAnotherApp, app: currentTarget.value || undefined });
  return (
    <label class="field">
      <span>{words.frame.app}</span>
      <select value={chosen} onChange={pick}>
        {body.apps.length > 1 && <option value="">{words.frame.allApps}</option>}
        {body.apps.map(({ app_id, alarms }) => (
          <option key={app_id} value={app_id}>
            {alarms.length > 0 ? `⚠ ${app_id}` : app_id}
          </option>
        ))}
        {!isKnown && <option value={chosen}>{printable(chosen)}</option>}
      </select>
    </label>
  );
}

function PlatformPicker({ answered: { body } }: { answered: Answered }) {
  const { address, choose } = useChoice();
  const known = body.app?.platforms ?? [];
  if (known.length < 2) return null;
  const offered = scopes.filter((scope) => scope === "all" || known.includes(scope));
  const chosen = offered.find((scope) => scope === address.platform) ?? "all";
  return (
    <Segments
      label={words.frame.platform}
      values={offered}
      chosen={chosen}
      nameOf={(scope) => (scope === "all" ? words.frame.everyPlatform : words.platform(scope))}
      onChoose={(scope) => choose({ platform: scope === "all" ? undefined : scope })}
    />
  );
}

function Freshness({ answered: { body, readAt } }: { answered: Answered }) {
  const zone = useZone();
  return (
    <p class="freshness">
      {words.frame.asOf(formatClock(readAt, zone))}
      {body.watched_at !== null && <> · {words.frame.watched(formatClock(body.watched_at, zone))}</>}
    </p>
  );
}

function ZonePicker({ onZone }: { onZone(zone: Zone): void }) {
  const zone = useZone();
  return (
    <Segments
      label={words.frame.times}
      values={zones}
      chosen={zone}
      nameOf={(known) => words.frame.zones[known]}
      onChoose={onZone}
    />
  );
}

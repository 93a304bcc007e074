/** One version beside another: how it fails over time, what it loses, why, and on which devices. */

import type { AppReport, VersionDetail } from "../../src/dashboard/data.ts";
import type { AlarmMeasure } from "../../src/health/alarm-documents.ts";
import { printable } from "../../src/printable.ts";
import { formatDuration, formatMinute } from "../format.ts";
import { Name } from "../parts/name.tsx";
import { useChoice } from "../state/choice.ts";
import { useZone } from "../state/zone.ts";
import { words } from "../words.ts";
import { ActionsView } from "./version/actions.tsx";
import { DevicesView } from "./version/devices.tsx";
import { FailureView } from "./version/failure-chart.tsx";
import { LossesView } from "./version/losses.tsx";
import { ReasonsView } from "./version/reasons.tsx";

interface VersionViewProps {
  app: AppReport;
  /** When the figures were read. Milliseconds since 1970. */
  now: number;
  /** Whether another version or range is chosen, and not answered yet. Until then, the figures keep their names. */
  isOld: boolean;
}

export function VersionView({ app, now, isOld }: VersionViewProps) {
  const { address } = useChoice();
  const { version: detail } = app;
  if (!detail) return null;
  const { version_name } = detail.version;
  const isUpdate = app.versions.find((version) => version.version_name === version_name)?.is_update ?? true;
  const usual = isUpdate ? "not_downloaded" : "crashed";
  const measure = address.measure ?? alarmingMeasure(app, version_name) ?? usual;
  return (
    <section id="version" class="card" tabIndex={-1} aria-busy={isOld} aria-labelledby="version-title">
      <h2 id="version-title">
        <Name of={version_name} />
        {words.on([app.platform])}
        <Awaited shown={version_name} isOld={isOld} />
      </h2>
      <div class="about">
        <Release detail={detail} now={now} isUpdate={isUpdate} />
        <OtherPicker app={app} detail={detail} isOld={isOld} />
      </div>
      <FailureView app={app} detail={detail} measure={measure} />
      <div class="beside">
        <LossesView detail={detail} />
        <ReasonsView app={app} detail={detail} />
      </div>
      <DevicesView
        key={`${app.app_id} ${version_name} ${app.platform} ${measure}`}
        of={{ app: app.app_id, version: version_name, platform: app.platform, measure }}
      />
      <ActionsView detail={detail} />
    </section>
  );
}

/** The way in which a version alarms, the worst one. */
function alarmingMeasure({ alarms }: AppReport, version_name: string): AlarmMeasure | undefined {
  return alarms.find((alarm) => alarm.version_name === version_name)?.failures[0]?.measure;
}

/** The figures are those of `shown`, whatever is chosen. */
function Awaited({ shown, isOld }: { shown: string; isOld: boolean }) {
  const { address } = useChoice();
  const { version = shown } = address;
  if (version === shown) return isOld && <small class="awaited"> {words.version.awaited}</small>;
  return (
    <small class="awaited">
      {" "}
      {isOld ? words.version.reading : words.version.notKnown}
      <Name of={version} />
    </small>
  );
}

interface ReleaseProps {
  detail: VersionDetail;
  now: number;
  isUpdate: boolean;
}

function Release({ detail, now, isUpdate }: ReleaseProps) {
  const zone = useZone();
  const { released_at } = detail.version;
  return (
    <p>
      {released_at !== null
        ? words.version.released(formatMinute(released_at, zone), formatDuration(now - released_at))
        : isUpdate
          ? words.version.notReleased
          : words.version.noUpdate}
    </p>
  );
}

interface OtherPickerProps {
  app: AppReport;
  detail: VersionDetail;
  isOld: boolean;
}

/**
 * What is chosen and not answered yet is shown as chosen; then, what was compared with, since what is chosen may not be known. What
 * has no release has no age to compare at.
 */
function OtherPicker({ app, detail: { version, other }, isOld }: OtherPickerProps) {
  const { address, choose } = useChoice();
  if (version.released_at === null) return null;
  const chosen = (isOld && address.with) || other?.version_name || address.with || "";
  const updates = app.versions.filter(({ is_update }) => is_update).map(({ version_name }) => version_name);
  const offered = [...new Set([...updates, ...(chosen === "" ? [] : [chosen])])].filter(
    (version_name) => version_name !== version.version_name,
  );
  if (offered.length === 0) return <p>{words.version.nothingToCompare}</p>;
  return (
    <label class="field">
      <span>{words.version.with}</span>
      <select
        value={chosen}
        onChange={({ currentTarget }) => choose({ with: currentTarget.value || undefined })}
      >
        {chosen === "" && <option value="">{words.nothing}</option>}
        {offered.map((version_name) => (
          <option key={version_name} value={version_name}>
            {printable(version_name)}
          </option>
        ))}
      </select>
      {chosen !== "" && !other && !isOld && <small>{words.version.notComparable}</small>}
    </label>
  );
}

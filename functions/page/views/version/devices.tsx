/** The last devices on which a version fails, each with its story. They are read only when somebody asks. */

import { useEffect, useRef, useState } from "preact/hooks";
import {
  type DeviceReport,
  type FailingDevices,
  MOST_READS_FOR_DEVICES,
  MOST_SHOWN_DEVICES,
} from "../../../src/dashboard/data.ts";
import type { AlarmMeasure, Scope } from "../../../src/health/alarm-documents.ts";
import { formatNumber, formatSecond } from "../../format.ts";
import { Action } from "../../parts/action.tsx";
import { Name } from "../../parts/name.tsx";
import { writeAddress } from "../../state/address.ts";
import { failureOf, fetchJson } from "../../state/fetch-json.ts";
import { useZone } from "../../state/zone.ts";
import { words } from "../../words.ts";

/** Firestore's price of a document that is read, in dollars; it depends a little on the region. */
const PRICE = 0.06 / 100_000;

interface DevicesViewProps {
  /** Which devices; they are about nothing else, so what chooses them is also the key of this view. */
  of: { app: string; version: string; platform: Scope; measure: AlarmMeasure };
}

export function DevicesView({ of }: DevicesViewProps) {
  const { found, failure, isBusy, look } = useDevices(of);
  const cost = (Math.ceil(MOST_READS_FOR_DEVICES * PRICE * 1_000) / 1_000).toFixed(3);
  return (
    <section class="devices" aria-labelledby="devices-title" aria-busy={isBusy}>
      <h3 id="devices-title">
        {words.version.devices}: {words.version.measures[of.measure]}
      </h3>
      <p class="ask">
        <button type="button" aria-disabled={isBusy} onClick={look}>
          {found ? words.version.otherDevices : words.version.showDevices(MOST_SHOWN_DEVICES)}
        </button>
        <small>{words.version.reads(formatNumber(MOST_READS_FOR_DEVICES), cost)}</small>
      </p>
      <p role="status">{isBusy ? words.frame.loading : (failure ?? (found && sentenceOf(found)))}</p>
      {found && !failure && (
        <div class="found">
          {found.devices.map((device) => (
            <Device key={device.device_id} device={device} version={found.version_name} />
          ))}
        </div>
      )}
    </section>
  );
}

interface Looked {
  found?: FailingDevices;
  failure?: string;
  isBusy?: boolean;
}

function useDevices(of: DevicesViewProps["of"]): Looked & { look(): void } {
  const [looked, setLooked] = useState<Looked>({});
  const abort = useRef(new AbortController());
  useEffect(() => () => abort.current.abort(), []);
  const look = async () => {
    if (looked.isBusy) return;
    setLooked(({ found }) => ({ ...(found && { found }), isBusy: true }));
    try {
      const { body } = await fetchJson<FailingDevices>(`devices${writeAddress(of)}`, abort.current.signal);
      setLooked({ found: body });
    } catch (error) {
      if (abort.current.signal.aborted) return;
      const failure = failureOf(error);
      setLooked(({ found }) => ({ ...(found && { found }), failure }));
    }
  };
  return { ...looked, look };
}

function sentenceOf({ sample, reads, measure }: FailingDevices): string {
  const said =
    sample.of === 0
      ? words.version.noDevices
      : `${words.version.fail(formatNumber(sample.count), formatNumber(sample.of))}${sample.count > 0 ? ` ${words.version.failing[measure]}` : ""}`;
  return `${said} ${words.version.didRead(formatNumber(reads))}`;
}

function Device({ device, version }: { device: DeviceReport; version: string }) {
  const zone = useZone();
  const { device_id, platform, facts, events } = device;
  const last = events.at(-1);
  return (
    <details class="device">
      <summary>
        <code>
          <Name of={device_id} />
        </code>{" "}
        {words.platform(platform)}
        {last && (
          <>
            {" · "}
            {formatSecond(last.at, zone)}
          </>
        )}
      </summary>
      <dl>
        {facts.map(({ field, value }) => (
          <div key={field}>
            <dt>{field}</dt>
            <dd>
              <Name of={value} />
            </dd>
          </div>
        ))}
      </dl>
      <ol>
        {events.map(({ at, action, version_name, message }, index) => (
          <li key={index}>
            <time dateTime={new Date(at).toISOString()}>{formatSecond(at, zone)}</time>
            <span>
              <Action name={action} />{" "}
              {version_name !== version && (
                <small>
                  <Name of={version_name} />
                </small>
              )}
              {message !== undefined && (
                <small class="message">
                  <Name of={message} />
                </small>
              )}
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}

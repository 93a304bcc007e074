/** Keeps whether times are shown in UTC or as the clock on the wall shows them. */

import { createContext } from "preact";
import { useContext, useState } from "preact/hooks";

export const zones = ["UTC", "local"] as const;
export type Zone = (typeof zones)[number];

const KEY = "zone";

/** The zone that was chosen in this browser, and the way to choose the other. */
export function useStoredZone(): [Zone, (zone: Zone) => void] {
  const [zone, setZone] = useState(stored);
  const choose = (zone: Zone) => {
    setZone(zone);
    try {
      localStorage.setItem(KEY, zone);
    } catch {
      // The browser keeps nothing for this page: the choice holds until it is closed.
    }
  };
  return [zone, choose];
}

function stored(): Zone {
  try {
    return localStorage.getItem(KEY) === "local" ? "local" : "UTC";
  } catch {
    return "UTC";
  }
}

export const ZoneContext = createContext<Zone>("UTC");

export function useZone(): Zone {
  return useContext(ZoneContext);
}

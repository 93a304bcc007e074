/** Says aloud what has changed about the alarms: what began, what ended, what became worse. Nothing else. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { DashboardData } from "../../src/dashboard/data.ts";
import { newsOf } from "./alarm-words.ts";

/** For screen readers. Alarms that are there when the page opens, or an app is chosen, are no news. */
export function AlarmNews({ data }: { data: DashboardData | undefined }) {
  const [news, setNews] = useState("");
  const last = useRef<DashboardData>(undefined);
  useEffect(() => {
    if (last.current && data && last.current.app?.app_id === data.app?.app_id) {
      const text = newsOf(last.current, data);
      if (text !== "") setNews(text);
    }
    last.current = data;
  }, [data]);
  return (
    <p class="hidden" role="status">
      {news}
    </p>
  );
}

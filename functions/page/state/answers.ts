/** Keeps asking the server for what is chosen, as long as somebody looks. */

import { useEffect, useState } from "preact/hooks";
import type { DashboardData } from "../../src/dashboard/data.ts";
import { type Address, readAddress, writeRequest } from "./address.ts";
import { type Answer, failureOf, fetchJson } from "./fetch-json.ts";

export const REFRESH_SECONDS = 10;

/** The last answer. */
export interface Answered extends Answer<DashboardData> {
  /** What was asked for. */
  request: Address;
}

export interface Asked {
  answered?: Answered;
  /** Why there is no newer answer. */
  failure?: string;
}

/** Asks for what `address` chooses, at once when that changes and every ten seconds; not while the page is hidden. */
export function useAnswers(address: Address): Asked {
  const request = writeRequest(address);
  const [asked, setAsked] = useState<Asked>({});

  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false;
    let dueAt = performance.now();

    const ask = async () => {
      asking = true;
      try {
        const answer = await fetchJson<DashboardData>(`data${request}`, abort.signal);
        reloadIfOld(answer.body.page);
        setAsked({ answered: { ...answer, request: readAddress(request) } });
      } catch (error) {
        if (abort.signal.aborted) return;
        const failure = failureOf(error);
        setAsked(({ answered }) => ({ ...(answered && { answered }), failure }));
      } finally {
        asking = false;
        dueAt = performance.now() + REFRESH_SECONDS * 1_000;
        askLater();
      }
    };
    const askLater = () => {
      clearTimeout(timer);
      if (abort.signal.aborted || document.hidden || asking) return;
      timer = setTimeout(ask, Math.max(0, dueAt - performance.now()));
    };

    document.addEventListener("visibilitychange", askLater);
    ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", askLater);
    };
  }, [request]);

  return asked;
}

/** The names of the files that this page consists of, as the server says them of the page that it has. */
const own = [...document.querySelectorAll("head link[href], head script[src]")]
  .map((element) =>
    (element.getAttribute("href") ?? element.getAttribute("src") ?? "").replace("dashboard/", ""),
  )
  .join(" ");

/** A page stays open for weeks. What it shows is in the address, so nothing is lost. Once only, should the old page come again. */
function reloadIfOld(current: string): void {
  if (current === own || history.state?.reloadedFor === current) return;
  history.replaceState({ reloadedFor: current }, "");
  location.reload();
}

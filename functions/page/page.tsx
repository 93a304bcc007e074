/** Puts the page together: what is chosen, what was answered, and the views of it. */

import { useEffect } from "preact/hooks";
import type { AppReport } from "../src/dashboard/data.ts";
import { type Address, writeRequest } from "./state/address.ts";
import { type Answered, useAnswers } from "./state/answers.ts";
import { ChoiceContext, useAddress } from "./state/choice.ts";
import { useStoredZone, ZoneContext } from "./state/zone.ts";
import { AdoptionView } from "./views/adoption.tsx";
import { AlarmNews } from "./views/alarm-news.tsx";
import { titleOf } from "./views/alarm-words.ts";
import { AlarmsView, OtherAlarms } from "./views/alarms.tsx";
import { AppsView } from "./views/apps.tsx";
import { EmptyView } from "./views/empty.tsx";
import { Header } from "./views/header.tsx";
import { Notes } from "./views/notes.tsx";
import { Notices } from "./views/notices.tsx";
import { Skeleton } from "./views/skeleton.tsx";
import { VersionView } from "./views/version.tsx";
import { VersionsView } from "./views/versions.tsx";
import { words } from "./words.ts";

export function Page() {
  const choice = useAddress();
  const [zone, chooseZone] = useStoredZone();
  const { answered, failure } = useAnswers(choice.address);
  const { app, platform } = choice.address;
  // Figures of one app or platform are never shown where another is chosen.
  const isShown = answered?.request.app === app && answered?.request.platform === platform;
  const shown = isShown ? answered : undefined;
  useEffect(() => {
    document.title = titleOf(shown?.body);
  }, [shown]);
  return (
    <ChoiceContext.Provider value={choice}>
      <ZoneContext.Provider value={zone}>
        <a class="skip" href={shown?.body.app ? "#versions" : "#main"}>
          {shown?.body.app ? words.frame.skip : words.frame.skipHeader}
        </a>
        <Header answered={answered} onZone={chooseZone} />
        <main id="main" tabIndex={-1}>
          <Notices answered={shown} failure={failure} />
          <AlarmNews data={answered?.body} />
          {shown ? <Answer answered={shown} address={choice.address} /> : !failure && <Skeleton />}
        </main>
      </ZoneContext.Provider>
    </ChoiceContext.Provider>
  );
}

function Answer({ answered, address }: { answered: Answered; address: Address }) {
  const { request, body } = answered;
  return (
    <>
      <OtherAlarms data={body} />
      {body.app ? (
        <App app={body.app} answered={answered} isOld={writeRequest(request) !== writeRequest(address)} />
      ) : body.apps.length > 0 && request.app === undefined ? (
        <AppsView answered={answered} />
      ) : (
        <EmptyView data={body} />
      )}
      <Notes data={body} />
    </>
  );
}

interface AppProps {
  app: AppReport;
  answered: Answered;
  /** Whether another version or range has been chosen, which has not been answered yet. */
  isOld: boolean;
}

function App({ app, answered, isOld }: AppProps) {
  return (
    <>
      <AlarmsView app={app} answered={answered} />
      <VersionsView app={app} now={answered.readAt} />
      <VersionView app={app} now={answered.readAt} isOld={isOld} />
      <AdoptionView app={app} />
    </>
  );
}

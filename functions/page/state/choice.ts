/** Keeps what is chosen in the address, so that it can be sent, kept and gone back from. */

import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { type Address, readAddress, writeAddress } from "./address.ts";

interface Choice {
  address: Address;
  /**
   * Changes what is chosen; what is `undefined` in `change` is not chosen any more. The element whose id is `goTo` has the focus
   * afterwards, and is scrolled to.
   */
  choose(change: Address, goTo?: string): void;
}

/** Follows the address. */
export function useAddress(): Choice {
  const [{ search }, setPlace] = useState({ search: location.search });
  const goingTo = useRef<string>(undefined);
  useEffect(() => {
    const follow = () => setPlace({ search: location.search });
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }, []);
  // After each drawing, since what is gone to may only be there once it is answered.
  useEffect(() => {
    if (goingTo.current !== undefined && focusOn(goingTo.current)) goingTo.current = undefined;
  });
  const choose = (change: Address, goTo?: string) => {
    const search = writeAddress({ ...readAddress(location.search), ...change });
    history.pushState(null, "", search === "?" ? location.pathname : search);
    goingTo.current = goTo;
    setPlace({ search: location.search });
  };
  return { address: readAddress(search), choose };
}

/** Whether it is there. */
function focusOn(id: string): boolean {
  const element = document.getElementById(id);
  element?.focus({ preventScroll: true });
  element?.scrollIntoView({ block: "start" });
  return element !== null;
}

export const ChoiceContext = createContext<Choice>({ address: {}, choose: () => {} });

/** What is chosen, and the way to change it. */
export function useChoice(): Choice {
  return useContext(ChoiceContext);
}

/** Keeps what is chosen in the address, so that it can be sent, kept and gone back from. */

import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { type Address, readAddress, writeAddress } from "./address.ts";

interface Choice {
  address: Address;
  /** Changes what is chosen; what is `undefined` in `change` is not chosen any more. */
  choose(change: Address): void;
}

/** Follows the address. */
export function useAddress(): Choice {
  const [search, setSearch] = useState(location.search);
  useEffect(() => {
    const follow = () => setSearch(location.search);
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }, []);
  const address = readAddress(search);
  const choose = (change: Address) => {
    history.pushState(null, "", writeAddress({ ...readAddress(location.search), ...change }));
    setSearch(location.search);
  };
  return { address, choose };
}

export const ChoiceContext = createContext<Choice>({ address: {}, choose: () => {} });

/** What is chosen, and the way to change it. */
export function useChoice(): Choice {
  return useContext(ChoiceContext);
}

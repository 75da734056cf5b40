import { createContext, useContext, useEffect, useMemo, useState } from 'react';

const SessionContext = createContext(null);

/** SessionProvider asks once for the whole app who is signed in, and hears of every change, in other tabs too. */
export function SessionProvider({ client, children }) {
  const [state, setState] = useState({ user: undefined, unavailable: false });
  useEffect(() => client.subscribe(
    (user) => setState({ user, unavailable: false }),
    // Not known is not signed out: what was known stays on the page.
    () => setState((before) => ({ ...before, unavailable: true })),
  ), [client]);
  const session = useMemo(() => ({ ...state, client }), [state, client]);
  return <SessionContext value={session}>{children}</SessionContext>;
}

/**
 * useSession returns {user, unavailable, client}. user is undefined until the answer is there, null for nobody. unavailable says
 * that the last answer could not be had; the client asks again by itself.
 */
export function useSession() {
  const session = useContext(SessionContext);
  if (!session) throw new Error('useSession needs a <SessionProvider> around it');
  return session;
}

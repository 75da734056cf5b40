import { useState } from 'react';

import { useSession } from './session.jsx';

/** Account shows who is signed in, and signs out. */
export function Account() {
  const { user, client } = useSession();
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);

  async function signOut(everywhere) {
    setBusy(true);
    setProblem('');
    try {
      await client.signOut({ everywhere });
    } catch {
      // The session is alive still: to hide the user now would be a lie.
      setProblem('Signing out did not work. Please try again.');
      setBusy(false);
    }
  }

  return (
    <section aria-labelledby="account-title">
      <h2 id="account-title">Hello, {user.given_name || user.name || user.email}</h2>
      <dl>
        <dt>Name</dt><dd>{user.name || '–'}</dd>
        <dt>Email</dt><dd>{user.email}</dd>
        {user.hd && <><dt>Organization</dt><dd>{user.hd}</dd></>}
        {user.session.expires_at && <><dt>Signed in until</dt><dd>{new Date(user.session.expires_at).toLocaleString()}</dd></>}
      </dl>
      {user.missing_scopes.length > 0 && <p>You did not allow everything on Google’s page; some of the shop will not work.</p>}
      <div className="actions">
        <button type="button" disabled={busy} onClick={() => signOut(false)}>Sign out</button>
        <button type="button" disabled={busy} className="quiet" onClick={() => signOut(true)}>Sign out everywhere</button>
      </div>
      {problem && <p role="alert">{problem}</p>}
    </section>
  );
}

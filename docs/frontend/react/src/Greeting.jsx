import { useState } from 'react';

import { useSession } from './session.jsx';

/** Greeting asks the team's own backend, which verifies the access JWT in the cookie by itself. */
export function Greeting() {
  const { client } = useSession();
  const [answer, setAnswer] = useState('');

  async function ask() {
    setAnswer('');
    try {
      // In place of fetch: a token that has just ended is renewed and the call sent again.
      const response = await client.fetch('/api/hello');
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      setAnswer((await response.json()).message);
    } catch (error) {
      setAnswer(`The backend did not help: ${error.message}.`);
    }
  }

  return (
    <section aria-labelledby="greeting-title">
      <h2 id="greeting-title">The shop’s backend</h2>
      <button type="button" onClick={ask}>Ask the backend</button>
      <p id="greeting" role="status">{answer}</p>
    </section>
  );
}

import { Account } from './Account.jsx';
import { Greeting } from './Greeting.jsx';
import { LoginError } from './LoginError.jsx';
import { SignInButton } from './SignInButton.jsx';
import { useSession } from './session.jsx';

export function App() {
  const { user, unavailable } = useSession();
  return (
    <main aria-busy={user === undefined && !unavailable}>
      <h1>The Corner Shop</h1>
      <LoginError />
      <p id="status" role="status">{statusOf(user, unavailable)}</p>
      {user === null && <SignInButton />}
      {user && <><Account /><Greeting /></>}
    </main>
  );
}

function statusOf(user, unavailable) {
  if (unavailable) return 'The sign-in service cannot be reached right now. This page tries again by itself.';
  if (user === undefined) return 'Looking up who you are…';
  return user ? `Signed in as ${user.name || user.email}` : 'You are not signed in.';
}

import { googleLogo } from '../../googlelogin.js';
import { useSession } from './session.jsx';

/**
 * SignInButton leads to Google, and back to this page. It is a link, so that it works like one: in a new tab, by the keyboard,
 * announced with its name.
 */
export function SignInButton({ text = 'Sign in with Google', ...options }) {
  const { client } = useSession();
  return (
    <a
      className="googlelogin-button"
      href={client.loginURL(options)}
      // Again when it is used: a router may have changed the page's address since this was drawn.
      onClick={(event) => { event.currentTarget.href = client.loginURL(options); }}
    >
      <svg viewBox={googleLogo.viewBox} width="20" height="20" aria-hidden="true">
        {googleLogo.paths.map((path) => <path key={path.fill} {...path} />)}
      </svg>
      <span>{text}</span>
    </a>
  );
}

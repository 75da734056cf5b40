// A small client for the callback server's endpoints, as one ES module without dependencies: copy it into a front end, or import
// it from where it is served. It never sees a token: the session lives in HttpOnly cookies, which only the browser and the
// server touch.

/** Texts for the closed list of codes that a failed login brings back as ?error=<code>. Replace or translate them freely. */
export const errorTexts = {
  access_denied: 'You did not allow the sign-in. Nothing was shared.',
  account_not_allowed: 'This Google account has no access here. Choose another account, or ask whoever runs this service.',
  email_not_verified: 'Google has not verified the email address of this account.',
  account_blocked: 'This account is blocked. Ask whoever runs this service.',
  account_conflict: 'This email address already belongs to another account here. Ask whoever runs this service.',
  login_expired: 'That sign-in took too long. Please try again.',
  login_failed: 'The sign-in could not be completed. Please try again.',
  google_unavailable: 'Google could not be reached. Please try again in a moment.',
  temporarily_unavailable: 'Signing in is not possible right now. Please try again in a moment.',
  interaction_required: 'Google needs to ask you something first. Please sign in again.',
  login_required: 'You are not signed in at Google. Please sign in again.',
  consent_required: 'Google needs your consent first. Please sign in again.',
  too_many_requests: 'Too many attempts. Please wait a moment and try again.',
  server_error: 'Something went wrong on our side. Please try again.',
  unknown: 'The sign-in failed. Please try again.',
};

/** The server's answer could not be had: it says nothing about whether somebody is signed in. */
export class UnavailableError extends Error {
  /** @param {number} status HTTP status, 0 when no answer came @param {number} retryAfter seconds, 0 when unsaid */
  constructor(status, retryAfter = 0) {
    super(status ? `the login server answered ${status}` : 'the login server could not be reached');
    this.name = 'UnavailableError';
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * @typedef {object} User
 * @property {string} sub this service's own id of the user
 * @property {string} email
 * @property {boolean} email_verified
 * @property {string} [name]
 * @property {string} [picture]
 * @property {string} [hd] hosted domain
 * @property {string[]} [missing_scopes] what the user left unticked on Google's page
 * @property {{id: string, expires_at: string, access_token_expires_at: string}} session
 */

/**
 * createClient returns the calls that a front end needs.
 * @param {object} [options]
 * @param {string} [options.base] the GoogleLogin's basePath, with an origin in front where it is another: 'https://login.example.com/auth'
 */
export function createClient({ base = '/auth' } = {}) {
  const channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel(`googlelogin:${base}`) : undefined;
  const listeners = new Set();
  let user; // undefined: not asked yet; null: nobody
  let pending;
  let timer;

  channel?.addEventListener('message', () => me({ quiet: true }).catch(() => {}));

  function publish(next, { quiet = false } = {}) {
    const changed = user === undefined || user?.session.id !== next?.session.id;
    user = next;
    schedule();
    if (!changed) return;
    listeners.forEach((listener) => listener(user));
    // Other tabs ask for themselves; nothing about the user goes through the channel.
    if (!quiet) channel?.postMessage('changed');
  }

  // schedule renews the session as soon as its token has ended, so that a page left open stays signed in. A hidden page sleeps:
  // idle sessions are meant to end.
  function schedule() {
    clearTimeout(timer);
    if (!user || listeners.size === 0) return;
    const left = Date.parse(user.session.access_token_expires_at) - Date.now();
    timer = setTimeout(renew, Math.min(Math.max(left, 0) + 1_000, 2 ** 31 - 1));
  }

  function renew() {
    if (typeof document !== 'undefined' && document.visibilityState === 'hidden') {
      document.addEventListener('visibilitychange', renew, { once: true });
      return;
    }
    me().catch(() => { timer = setTimeout(renew, 30_000); }); // not known is not signed out: ask again later
  }

  /**
   * me returns the signed-in user, or null. Asking also renews the session where it can be. Calls at the same time share one
   * request. It throws UnavailableError where the answer is not known: keep showing what you have then.
   * @returns {Promise<User|null>}
   */
  function me(how) {
    pending ??= ask('me').then(async (response) => {
      const next = response.status === 401 ? null : await response.json();
      publish(next, how);
      return next;
    }).finally(() => { pending = undefined; });
    return pending;
  }

  async function ask(path, init) {
    let response;
    try {
      response = await fetch(`${base}/${path}`, { credentials: 'include', headers: { Accept: 'application/json' }, ...init });
    } catch {
      throw new UnavailableError(0);
    }
    if (!response.ok && response.status !== 401) {
      throw new UnavailableError(response.status, Number(response.headers.get('Retry-After')) || 0);
    }
    return response;
  }

  /**
   * loginURL is where a link or a button that signs in points.
   * @param {{returnTo?: string, loginHint?: string}} [options] returnTo: the page to come back to, by default this one
   */
  function loginURL({ returnTo = globalThis.location?.href, loginHint } = {}) {
    const query = new URLSearchParams();
    if (returnTo) query.set('return_to', returnTo.split('#')[0]);
    if (loginHint) query.set('login_hint', loginHint);
    return `${base}/login?${query}`;
  }

  return {
    me,
    loginURL,

    /** signIn leaves the page for Google. */
    signIn(options) {
      globalThis.location.assign(loginURL(options));
    },

    /**
     * signOut ends this session, or with {everywhere: true} all of the user's. The user stays signed in at Google.
     * @param {{everywhere?: boolean}} [options]
     */
    async signOut({ everywhere = false } = {}) {
      await ask(everywhere ? 'logout?everywhere=true' : 'logout', { method: 'POST' });
      publish(null);
    },

    /**
     * subscribe calls back with the user, or null, now and at every change, in other tabs too, and keeps the session renewed
     * while the page is open. It returns a function that ends the subscription.
     * @param {(user: User|null) => void} listener
     */
    subscribe(listener) {
      listeners.add(listener);
      if (user === undefined) me().catch(() => {});
      else listener(user);
      schedule();
      return () => {
        listeners.delete(listener);
        schedule();
      };
    },

    /**
     * fetch is the browser's fetch for the team's own backend: after a 401 it renews the session and tries once more, so that an
     * access token which ended meanwhile goes unnoticed. The body must be one that can be sent twice.
     */
    async fetch(input, init = {}) {
      const send = () => fetch(input, { credentials: 'same-origin', ...init });
      const response = await send();
      if (response.status !== 401) return response;
      return (await me()) ? send() : response;
    },
  };
}

/**
 * readError takes the error of a failed login out of the page's address, or returns null. Codes outside the list become unknown,
 * so that nothing an address holds can reach the page as text.
 * @param {Location|URL} [location]
 * @returns {{code: string, id: string, text: string}|null}
 */
export function readError(location = globalThis.location) {
  const query = new URLSearchParams(location.search);
  if (!query.has('error')) return null;
  const code = Object.hasOwn(errorTexts, query.get('error')) ? query.get('error') : 'unknown';
  const id = /^[\w-]{1,64}$/.test(query.get('error_id') ?? '') ? query.get('error_id') : '';
  return { code, id, text: errorTexts[code] };
}

const googleLogo = [
  ['#4285F4', 'M45.1 24.5c0-1.6-.1-2.8-.4-4H24v7.4h12c-.2 2-1.5 5-4.4 7l6.8 5.3c4.1-3.8 6.7-9.3 6.7-15.7z'],
  ['#34A853', 'M24 46c5.9 0 10.9-2 14.5-5.3l-6.9-5.4c-1.8 1.3-4.3 2.2-7.6 2.2-5.8 0-10.7-3.8-12.5-9.1l-7.1 5.5C8 41.1 15.4 46 24 46z'],
  ['#FBBC05', 'M11.5 28.4c-.5-1.4-.7-2.9-.7-4.4s.3-3 .7-4.4l-7.1-5.5C2.9 17.1 2 20.4 2 24s.9 6.9 2.4 9.9l7.1-5.5z'],
  ['#EB4335', 'M24 10.6c4.1 0 6.9 1.8 8.5 3.3l6.2-6C34.9 4.3 29.9 2 24 2 15.4 2 8 6.9 4.4 14.1l7.1 5.5c1.8-5.3 6.7-9 12.5-9z'],
];

/**
 * signInButton returns a link that looks as Google's branding guidelines ask and works with the keyboard and a screen reader.
 * @param {ReturnType<typeof createClient>} client
 * @param {{text?: string, returnTo?: string, loginHint?: string}} [options] text: one that Google allows, "Continue with Google" say
 */
export function signInButton(client, { text = 'Sign in with Google', ...options } = {}) {
  const link = document.createElement('a');
  link.href = client.loginURL(options);
  link.className = 'googlelogin-button';
  link.append(logo(), Object.assign(document.createElement('span'), { textContent: text }));
  return link;
}

function logo() {
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  for (const [name, value] of Object.entries({ viewBox: '0 0 48 48', width: 20, height: 20, 'aria-hidden': true })) svg.setAttribute(name, value);
  for (const [fill, d] of googleLogo) {
    const path = document.createElementNS(ns, 'path');
    path.setAttribute('fill', fill);
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}

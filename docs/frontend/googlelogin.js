// A small client for the callback server's endpoints, as one ES module without dependencies: copy it into a front end, or import
// it from where it is served. It never sees a token: the session lives in HttpOnly cookies, which only the browser and the
// server touch.

/**
 * Texts for the closed list of codes that a failed login brings back as ?error=<code>. For another language, pass texts of your
 * own to readError.
 * @type {Readonly<Record<string, string>>}
 */
export const errorTexts = Object.freeze({
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
});

/** The server's answer could not be had: it says nothing about whether somebody is signed in. */
export class UnavailableError extends Error {
  /**
   * @param {number} status HTTP status, 0 when no answer came
   * @param {number} [retryAfter] seconds, 0 when unsaid
   * @param {string} [message]
   */
  constructor(status, retryAfter = 0, message = status ? `the login server answered ${status}` : 'the login server could not be reached') {
    super(message);
    this.name = 'UnavailableError';
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * @typedef {object} User
 * @property {string} sub this service's own id of the user: the key to use in your database
 * @property {string} email
 * @property {boolean} email_verified
 * @property {string} [name]
 * @property {string} [given_name]
 * @property {string} [family_name]
 * @property {string} [picture] a URL at Google's
 * @property {string} [hd] hosted domain, of a Google Workspace account
 * @property {string[]} missing_scopes what the user left unticked on Google's page
 * @property {{id: string, expires_at?: string, access_token_expires_at: string}} session
 */

/**
 * @typedef {object} LoginOptions
 * @property {string} [returnTo] the page to come back to, by default this one, '' for frontend.homeURL;
 *   frontend.returnURLs of the GoogleLogin decides
 * @property {string} [loginHint] the email of the account to sign in with
 * @property {string} [prompt] none, consent or select_account
 * @property {string} [scope] some of the GoogleLogin's scopes, by default all
 */

/** @typedef {ReturnType<typeof createClient>} Client */

// How long to wait, in milliseconds, before asking again what could not be answered.
const askAgain = 30_000;
// How long to wait if the clocks of browser and server disagree: the shortest life that a token can have.
const blind = 60_000;
// The longest wait that setTimeout knows; beyond, it would not wait at all.
const longest = 2 ** 31 - 1;

/**
 * createClient returns the calls that a front end needs. One per page is enough.
 * @param {object} [options]
 * @param {string} [options.base] the GoogleLogin's basePath, with an origin in front where it is another: 'https://login.example.com/auth'
 */
export function createClient({ base = '/auth' } = {}) {
  base = base.replace(/\/+$/, '');
  let channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel(`googlelogin:${base}`) : undefined;
  /** @type {Map<(user: User|null) => void, ((error: UnavailableError) => void)|undefined>} */
  const listeners = new Map();
  /** @type {User|null|undefined} */
  let user; // undefined: not known yet; null: nobody
  /** @type {Promise<User|null>|undefined} */
  let pending;
  let epoch = 0; // moves on when answers under way have become old
  let due = Infinity; // when to ask next
  let failing = false; // the last answer could not be had
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;

  // Other tabs are told the id of the session, no more; each asks for itself. It keeps those that know it already from asking.
  channel?.addEventListener('message', ({ data }) => {
    if (user === undefined ? !pending : data === idOf(user)) return;
    outdate();
    ask({ quiet: true }).catch(() => {});
  });

  // outdate makes answers to what was asked before count for nothing: a me that began before a sign-out may well end after it.
  function outdate() {
    epoch++;
    pending = undefined;
  }

  function publish(next, { quiet = false } = {}) {
    const before = user;
    const news = failing || JSON.stringify(before) !== JSON.stringify(next);
    user = next;
    failing = false;
    if (!quiet && (before === undefined || idOf(before) !== idOf(next))) channel?.postMessage(idOf(next));
    if (news) listeners.forEach((_, listener) => call(listener, next));
  }

  // schedule renews the session as soon as its token has ended, so that a page left open stays signed in.
  function schedule(wait) {
    clearTimeout(timer);
    due = Date.now() + wait;
    if (listeners.size > 0 && wait < Infinity) timer = setTimeout(wake, Math.min(wait, longest));
  }

  // wake asks if it is time. A hidden page sleeps, since idle sessions are meant to end, and asks when it is seen again; so does a
  // computer that slept.
  function wake() {
    if (globalThis.document?.visibilityState === 'hidden') return;
    if (Date.now() >= due) me().catch(() => {});
    else schedule(due - Date.now());
  }

  /**
   * A page that comes back by the back button shows what it showed when it was left.
   * @param {PageTransitionEvent} event
   */
  function shown(event) {
    if (event.persisted) me().catch(() => {});
  }

  /** @param {'addEventListener'|'removeEventListener'} change */
  function listen(change) {
    globalThis.document?.[change]('visibilitychange', wake);
    globalThis.window?.[change]('pageshow', shown);
  }

  /**
   * me returns the signed-in user, or null. Asking also renews the session where it can be. Calls at the same time share one
   * request. It throws UnavailableError where the answer is not known: keep showing what you have then.
   * @returns {Promise<User|null>}
   */
  function me() {
    return ask();
  }

  function ask(how) {
    if (!pending) {
      const mine = answer(how).finally(() => { if (pending === mine) pending = undefined; });
      pending = mine;
    }
    return pending;
  }

  async function answer(how) {
    const asked = epoch;
    try {
      const response = await request('me');
      const next = response.status === 401 ? null : await read(response);
      if (asked !== epoch) return ask(how);
      schedule(next ? untilTokenEnds(next, response) : Infinity);
      publish(next, how);
      return next;
    } catch (error) {
      if (asked !== epoch) return ask(how);
      failing = true;
      schedule(Math.max(askAgain, error.retryAfter * 1_000));
      listeners.forEach((failed) => failed && call(failed, error));
      throw error;
    }
  }

  async function request(path, init) {
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
   * @param {LoginOptions} [options]
   */
  function loginURL({ returnTo, loginHint, prompt, scope } = {}) {
    const query = new URLSearchParams();
    const back = returnTo === undefined ? withoutError()?.href : returnTo && absolute(returnTo);
    for (const [name, value] of Object.entries({ return_to: back, login_hint: loginHint, prompt, scope })) {
      if (value) query.set(name, value);
    }
    return `${base}/login?${query}`;
  }

  return {
    me,
    loginURL,

    /**
     * signIn leaves the page for Google.
     * @param {LoginOptions} [options]
     */
    signIn(options) {
      globalThis.location.assign(loginURL(options));
    },

    /**
     * signOut ends this session, or with {everywhere: true} all of the user's. The user stays signed in at Google. It throws
     * UnavailableError where the session could not be ended, and returns false where everywhere found nobody signed in any more,
     * so that sessions elsewhere may be left.
     * @param {{everywhere?: boolean}} [options]
     * @returns {Promise<boolean>}
     */
    async signOut({ everywhere = false } = {}) {
      const response = await request(everywhere ? 'logout?everywhere=true' : 'logout', { method: 'POST' });
      outdate();
      schedule(Infinity);
      publish(null);
      return response.ok;
    },

    /**
     * subscribe calls back with the user, or null, once that is known and at every change, in other tabs too, and keeps the
     * session renewed while the page is open. It returns a function that ends the subscription.
     * @param {(user: User|null) => void} listener
     * @param {(error: UnavailableError) => void} [failed] called each time that the answer cannot be had. It is asked for again;
     *   once it is there, listener is called, changed or not
     */
    subscribe(listener, failed) {
      if (listeners.size === 0) listen('addEventListener');
      listeners.set(listener, failed);
      if (user === undefined) me().catch(() => {});
      else {
        call(listener, user);
        schedule(Math.max(0, due - Date.now()));
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearTimeout(timer);
        listen('removeEventListener');
      };
    },

    /**
     * fetch is the browser's fetch for the team's own backend: after a 401 it renews the session and tries once more, so that an
     * access token which ended meanwhile goes unnoticed. A stream as the body cannot be sent twice, and is not. It throws
     * UnavailableError where a 401 came and whether somebody is signed in is not known.
     * @param {RequestInfo|URL} input
     * @param {RequestInit} [init]
     * @returns {Promise<Response>}
     */
    async fetch(input, init) {
      const spare = input instanceof Request ? input.clone() : input;
      const response = await fetch(input, init);
      if (response.status !== 401 || init?.body instanceof ReadableStream || !(await me())) return response;
      response.body?.cancel().catch(() => {});
      return fetch(spare, init);
    },

    /** close ends all subscriptions and lets other tabs go. For tests, and for a part of a page that goes away. */
    close() {
      clearTimeout(timer);
      if (listeners.size > 0) listen('removeEventListener');
      listeners.clear();
      channel?.close();
      channel = undefined;
    },
  };
}

const idOf = (user) => user?.session.id ?? '';

// call keeps the error of one listener from the others, and from whoever asked.
function call(listener, value) {
  try {
    listener(value);
  } catch (error) {
    (globalThis.reportError ?? console.error)(error);
  }
}

// read takes nothing for a user that is not one: a front end whose /auth leads nowhere often answers with its own page.
async function read(response) {
  const user = await response.json().catch(() => null);
  if (typeof user?.sub !== 'string' || typeof user.session?.id !== 'string') {
    throw new UnavailableError(response.status, 0, `${response.url} is not the login server's: does the base path lead to it?`);
  }
  return user;
}

// untilTokenEnds goes by the server's clock where the browser shows its Date.
function untilTokenEnds(user, response) {
  const now = Date.parse(response.headers.get('Date') ?? '') || Date.now();
  const left = Date.parse(user.session.access_token_expires_at) - now;
  return left > 0 ? left + 1_000 : blind;
}

function absolute(url) {
  return globalThis.location ? new URL(url, globalThis.location.href).href : url;
}

// withoutError is this page's address as it was before a login failed: who comes back to it later did not fail.
function withoutError() {
  if (!globalThis.location) return undefined;
  const url = new URL(globalThis.location.href);
  if (!url.searchParams.has('error')) return url;
  url.searchParams.delete('error');
  url.searchParams.delete('error_id');
  return url;
}

/**
 * readError takes the error of a failed login out of the page's address, or returns null. Codes outside the list become unknown,
 * so that nothing an address holds can reach the page as text.
 * @param {{search: string}} [location]
 * @param {Readonly<Record<string, string>>} [texts] in another language; where one is missing, errorTexts has it
 * @returns {{code: string, id: string, text: string}|null}
 */
export function readError(location = globalThis.location, texts = errorTexts) {
  const query = new URLSearchParams(location.search);
  const named = query.get('error');
  if (named === null) return null;
  const code = Object.hasOwn(errorTexts, named) ? named : 'unknown';
  const id = query.get('error_id') ?? '';
  return { code, id: /^[\w-]{1,64}$/.test(id) ? id : '', text: texts[code] ?? errorTexts[code] };
}

/** forgetError takes the error out of the page's address once it was shown, so that a reload or a bookmark does not show it again. */
export function forgetError() {
  globalThis.history.replaceState(globalThis.history.state, '', withoutError());
}

/** Google's logo: paths of an SVG with this viewBox, for frameworks that draw it themselves. */
export const googleLogo = Object.freeze({
  viewBox: '0 0 48 48',
  paths: [
    { fill: '#4285F4', d: 'M45.1 24.5c0-1.6-.1-2.8-.4-4H24v7.4h12c-.2 2-1.5 5-4.4 7l6.8 5.3c4.1-3.8 6.7-9.3 6.7-15.7z' },
    { fill: '#34A853', d: 'M24 46c5.9 0 10.9-2 14.5-5.3l-6.9-5.4c-1.8 1.3-4.3 2.2-7.6 2.2-5.8 0-10.7-3.8-12.5-9.1l-7.1 5.5C8 41.1 15.4 46 24 46z' },
    { fill: '#FBBC05', d: 'M11.5 28.4c-.5-1.4-.7-2.9-.7-4.4s.3-3 .7-4.4l-7.1-5.5C2.9 17.1 2 20.4 2 24s.9 6.9 2.4 9.9l7.1-5.5z' },
    { fill: '#EB4335', d: 'M24 10.6c4.1 0 6.9 1.8 8.5 3.3l6.2-6C34.9 4.3 29.9 2 24 2 15.4 2 8 6.9 4.4 14.1l7.1 5.5c1.8-5.3 6.7-9 12.5-9z' },
  ],
});

/**
 * signInButton returns a link that looks as Google's branding guidelines ask and works with the keyboard and a screen reader.
 * @param {Client} client
 * @param {LoginOptions & {text?: string}} [options] text: one that Google allows, "Continue with Google" say
 */
export function signInButton(client, { text = 'Sign in with Google', ...options } = {}) {
  const link = document.createElement('a');
  link.href = client.loginURL(options);
  // Again when it is used: the page may have another address by then.
  link.addEventListener('click', () => { link.href = client.loginURL(options); });
  link.className = 'googlelogin-button';
  link.append(drawLogo(), Object.assign(document.createElement('span'), { textContent: text }));
  return link;
}

function drawLogo() {
  const svg = svgElement('svg', { viewBox: googleLogo.viewBox, width: 20, height: 20, 'aria-hidden': true });
  svg.append(...googleLogo.paths.map((path) => svgElement('path', path)));
  return svg;
}

function svgElement(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

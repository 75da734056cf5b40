/**
 * createClient returns the calls that a front end needs. One per page is enough.
 * @param {object} [options]
 * @param {string} [options.base] the GoogleLogin's basePath, with an origin in front where it is another: 'https://login.example.com/auth'
 */
export function createClient({ base }?: {
    base?: string;
}): {
    me: () => Promise<User | null>;
    loginURL: ({ returnTo, loginHint, prompt, scope }?: LoginOptions) => string;
    /**
     * signIn leaves the page for Google.
     * @param {LoginOptions} [options]
     */
    signIn(options?: LoginOptions): void;
    /**
     * signOut ends this session, or with {everywhere: true} all of the user's. The user stays signed in at Google. It throws
     * UnavailableError where the session could not be ended, and returns false where everywhere found nobody signed in any more,
     * so that sessions elsewhere may be left.
     * @param {{everywhere?: boolean}} [options]
     * @returns {Promise<boolean>}
     */
    signOut({ everywhere }?: {
        everywhere?: boolean;
    }): Promise<boolean>;
    /**
     * subscribe calls back with the user, or null, once that is known and at every change, in other tabs too, and keeps the
     * session renewed while the page is open. It returns a function that ends the subscription.
     * @param {(user: User|null) => void} listener
     * @param {(error: UnavailableError) => void} [failed] called each time that the answer cannot be had. It is asked for again;
     *   once it is there, listener is called, changed or not
     */
    subscribe(listener: (user: User | null) => void, failed?: (error: UnavailableError) => void): () => void;
    /**
     * fetch is the browser's fetch for the team's own backend: after a 401 it renews the session and tries once more, so that an
     * access token which ended meanwhile goes unnoticed. A stream as the body cannot be sent twice, and is not. It throws
     * UnavailableError where a 401 came and whether somebody is signed in is not known.
     * @param {RequestInfo|URL} input
     * @param {RequestInit} [init]
     * @returns {Promise<Response>}
     */
    fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
    /** close ends all subscriptions and lets other tabs go. For tests, and for a part of a page that goes away. */
    close(): void;
};
/**
 * readError takes the error of a failed login out of the page's address, or returns null. Codes outside the list become unknown,
 * so that nothing an address holds can reach the page as text.
 * @param {{search: string}} [location]
 * @param {Readonly<Record<string, string>>} [texts] in another language; where one is missing, errorTexts has it
 * @returns {{code: string, id: string, text: string}|null}
 */
export function readError(location?: {
    search: string;
}, texts?: Readonly<Record<string, string>>): {
    code: string;
    id: string;
    text: string;
} | null;
/** forgetError takes the error out of the page's address once it was shown, so that a reload or a bookmark does not show it again. */
export function forgetError(): void;
/**
 * signInButton returns a link that looks as Google's branding guidelines ask and works with the keyboard and a screen reader.
 * @param {Client} client
 * @param {LoginOptions & {text?: string}} [options] text: one that Google allows, "Continue with Google" say
 */
export function signInButton(client: Client, { text, ...options }?: LoginOptions & {
    text?: string;
}): HTMLAnchorElement;
/**
 * Texts for the closed list of codes that a failed login brings back as ?error=<code>. For another language, pass texts of your
 * own to readError.
 * @type {Readonly<Record<string, string>>}
 */
export const errorTexts: Readonly<Record<string, string>>;
/** The server's answer could not be had: it says nothing about whether somebody is signed in. */
export class UnavailableError extends Error {
    /**
     * @param {number} status HTTP status, 0 when no answer came
     * @param {number} [retryAfter] seconds, 0 when unsaid
     * @param {string} [message]
     */
    constructor(status: number, retryAfter?: number, message?: string);
    status: number;
    retryAfter: number;
}
/** Google's logo: paths of an SVG with this viewBox, for frameworks that draw it themselves. */
export const googleLogo: Readonly<{
    viewBox: "0 0 48 48";
    paths: {
        fill: string;
        d: string;
    }[];
}>;
export type User = {
    /**
     * this service's own id of the user: the key to use in your database
     */
    sub: string;
    email: string;
    email_verified: boolean;
    name?: string;
    given_name?: string;
    family_name?: string;
    /**
     * a URL at Google's
     */
    picture?: string;
    /**
     * hosted domain, of a Google Workspace account
     */
    hd?: string;
    /**
     * what the user left unticked on Google's page
     */
    missing_scopes: string[];
    session: {
        id: string;
        expires_at?: string;
        access_token_expires_at: string;
    };
};
export type LoginOptions = {
    /**
     * the page to come back to, by default this one, '' for frontend.homeURL;
     * frontend.returnURLs of the GoogleLogin decides
     */
    returnTo?: string;
    /**
     * the email of the account to sign in with
     */
    loginHint?: string;
    /**
     * none, consent or select_account
     */
    prompt?: string;
    /**
     * some of the GoogleLogin's scopes, by default all
     */
    scope?: string;
};
export type Client = ReturnType<typeof createClient>;

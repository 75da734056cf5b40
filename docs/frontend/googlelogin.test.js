// Tests of googlelogin.js by themselves: `node --test docs/frontend/googlelogin.test.js`. The browser's parts are small fakes, and
// time stands still until a test moves it. How it does in a real browser is for test/browser to say.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { UnavailableError, createClient, errorTexts, forgetError, readError } from './googlelogin.js';

const start = Date.parse('2026-01-02T03:04:05Z');
const minutes = 60_000;
let clients, calls, answers, otherwise, page, timersSet;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: start });
  // What does not fit into 31 bits is no wait at all in a browser.
  const { setTimeout } = globalThis;
  timersSet = 0;
  globalThis.setTimeout = (callback, wait) => {
    timersSet++;
    return setTimeout(callback, wait > 2 ** 31 - 1 ? 1 : wait);
  };
  clients = [];
  calls = [];
  answers = [];
  otherwise = undefined;
  globalThis.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    calls.push(`${init?.method ?? 'GET'} ${url}`);
    const answer = answers.shift() ?? otherwise;
    if (answer === undefined) throw new TypeError('no answer is left');
    return typeof answer === 'function' ? answer(input, init) : answer;
  };
  globalThis.document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  globalThis.window = new EventTarget();
  page = 'https://shop.example.com/orders/42?tab=items#top';
  globalThis.location = { get href() { return page; }, get search() { return new URL(page).search; } };
  globalThis.history = { state: { key: 1 }, replaceState(state, _, url) { assert.deepEqual(state, { key: 1 }); page = String(url); } };
});

afterEach(() => {
  clients.forEach((client) => client.close());
  mock.timers.reset();
});

function newClient(options) {
  const client = createClient(options);
  clients.push(client);
  return client;
}

const json = (status, body, headers) => new Response(JSON.stringify(body), { status, headers });
const nobody = () => json(401, { error: 'unauthenticated', login_url: 'https://shop.example.com/auth/login' });

function ann({ id = 's1', life = 10 * minutes, name = 'Ann' } = {}) {
  const ends = new Date(Date.now() + life).toISOString();
  return { sub: 'u1', email: 'ann@example.com', name, session: { id, access_token_expires_at: ends } };
}

// held is an answer that waits until the test gives it.
function held() {
  const promise = Promise.withResolvers?.() ?? {};
  if (!promise.promise) promise.promise = new Promise((resolve, reject) => Object.assign(promise, { resolve, reject }));
  return Object.assign(() => promise.promise, promise);
}

// settle lets everything that needs no time happen.
const settle = async () => { for (let i = 0; i < 20; i++) await Promise.resolve(); };

// until waits for what comes from another thread's queue, as messages between tabs do.
async function until(done) {
  while (!done()) await new Promise((resolve) => { setImmediate(resolve); });
}

// quiet waits until no message between tabs can be under way any more.
async function quiet() {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => { setImmediate(resolve); });
}

async function pass(time) {
  mock.timers.tick(time);
  await settle();
}

test('me is the user, and null for nobody', async () => {
  const client = newClient();
  const user = ann();
  answers = [json(200, user), nobody()];
  assert.deepEqual(await client.me(), user);
  assert.equal(await client.me(), null);
  assert.deepEqual(calls, ['GET /auth/me', 'GET /auth/me']);
});

test('calls of me at the same time share one request', async () => {
  const client = newClient({ base: 'https://login.example.com/auth/' });
  answers = [json(200, ann())];
  const [first, second] = await Promise.all([client.me(), client.me()]);
  assert.equal(first, second);
  assert.deepEqual(calls, ['GET https://login.example.com/auth/me']);
});

for (const [name, [answer, status, retryAfter]] of Object.entries({
  'no network': [() => { throw new TypeError('Failed to fetch'); }, 0, 0],
  'a store that is away': [json(503, { error: 'temporarily_unavailable' }, { 'Retry-After': '7' }), 503, 7],
  'too many requests': [json(429, {}, { 'Retry-After': 'Fri, 02 Jan 2026 03:05:00 GMT' }), 429, 0],
  'a page in place of an answer': [new Response('<!doctype html>'), 200, 0],
  'JSON of somebody else': [json(200, { hello: 'world' }), 200, 0],
  'a user without a session': [json(200, { sub: 'u1' }), 200, 0],
})) {
  test(`what is not known is not signed out: ${name}`, async () => {
    answers = [answer];
    await assert.rejects(newClient().me(), (error) => {
      assert.ok(error instanceof UnavailableError);
      assert.deepEqual([error.status, error.retryAfter], [status, retryAfter]);
      return true;
    });
  });
}

test('subscribe tells at once and at every change, and no more when ended', async () => {
  const client = newClient();
  const seen = [];
  answers = [json(200, ann()), json(200, ann()), json(200, ann({ name: 'Ann Example' }))];
  const end = client.subscribe((user) => seen.push(user?.name));
  await settle();
  await client.me();
  await client.me();
  client.subscribe((user) => seen.push(`second ${user?.name}`));
  assert.deepEqual(seen, ['Ann', 'Ann Example', 'second Ann Example']);
  end();
  answers = [nobody()];
  await client.me();
  assert.deepEqual(seen.slice(3), ['second undefined']);
});

test('a listener that throws keeps nothing from the others', async () => {
  const client = newClient();
  const seen = [], reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  answers = [json(200, ann())];
  client.subscribe(() => { throw new Error('of the listener'); });
  client.subscribe((user) => seen.push(user.name));
  assert.equal((await client.me()).name, 'Ann');
  assert.deepEqual(seen, ['Ann']);
  assert.deepEqual(reported, ['of the listener']);
});

test('a page left open is renewed a second after its token ended', async () => {
  const client = newClient();
  const seen = [];
  answers = [json(200, ann()), () => json(200, ann())];
  client.subscribe((user) => seen.push(user.session.access_token_expires_at));
  await settle();
  await pass(10 * minutes + 999);
  assert.equal(calls.length, 1);
  await pass(1);
  assert.equal(calls.length, 2);
  assert.deepEqual(seen, ['2026-01-02T03:14:05.000Z', '2026-01-02T03:24:06.000Z']);
});

test('the server\'s clock counts where its Date can be seen', async () => {
  const client = newClient();
  const date = new Date(start - 60 * minutes).toUTCString();
  answers = [json(200, ann({ life: -50 * minutes }), { Date: date }), nobody()];
  client.subscribe(() => {});
  await settle();
  await pass(10 * minutes);
  assert.equal(calls.length, 1);
  await pass(1_000);
  assert.equal(calls.length, 2);
});

test('clocks that disagree do not make a page ask without end', async () => {
  const client = newClient();
  answers = [json(200, ann({ life: -minutes })), json(200, ann({ life: -minutes }))];
  client.subscribe(() => {});
  await settle();
  await pass(1 * minutes - 1);
  assert.equal(calls.length, 1);
  await pass(1);
  assert.equal(calls.length, 2);
});

test('a token that lives longer than a timer can wait does not keep the page busy', async () => {
  const client = newClient();
  answers = [json(200, ann({ life: 30 * 24 * 60 * minutes }))];
  client.subscribe(() => {});
  await settle();
  await pass(minutes);
  await pass(2 ** 31 - 1);
  assert.deepEqual([calls.length, timersSet], [1, 2]);
});

test('a hidden page sleeps, and asks when it is seen again', async () => {
  const client = newClient();
  answers = [json(200, ann()), nobody()];
  const seen = [];
  client.subscribe((user) => seen.push(user?.name));
  await settle();
  document.visibilityState = 'hidden';
  await pass(60 * minutes);
  assert.equal(calls.length, 1);
  document.visibilityState = 'visible';
  document.dispatchEvent(new Event('visibilitychange'));
  await settle();
  assert.deepEqual(seen, ['Ann', undefined]);
});

test('nobody is asked once the last subscription has ended', async () => {
  const client = newClient();
  answers = [json(200, ann())];
  const end = client.subscribe(() => {});
  await settle();
  end();
  await pass(60 * minutes);
  document.dispatchEvent(new Event('visibilitychange'));
  window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  await settle();
  assert.equal(calls.length, 1);
});

test('a page out of the back/forward cache asks again', async () => {
  const client = newClient();
  answers = [json(200, ann()), nobody()];
  const seen = [];
  client.subscribe((user) => seen.push(user?.name));
  await settle();
  window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  await settle();
  assert.deepEqual(seen, ['Ann', undefined]);
});

test('an answer that could not be had is told and asked for again', async () => {
  const client = newClient();
  const seen = [], failures = [];
  answers = [json(503, {}), json(503, {}, { 'Retry-After': '90' }), json(200, ann())];
  client.subscribe((user) => seen.push(user.name), (error) => failures.push(error.status));
  await settle();
  await pass(30_000);
  await pass(30_000);
  assert.deepEqual([seen, failures], [[], [503, 503]]);
  await pass(minutes);
  assert.deepEqual([seen, failures], [['Ann'], [503, 503]]);
});

test('an answer that is there again is told, though nothing changed', async () => {
  const client = newClient();
  const seen = [];
  const user = ann();
  answers = [json(200, user), json(503, {}), json(200, user), json(200, user)];
  client.subscribe(() => seen.push('known'), () => seen.push('not known'));
  await client.me();
  await assert.rejects(client.me());
  await client.me();
  await client.me();
  assert.deepEqual(seen, ['known', 'not known', 'known']);
});

test('signing out asks the server and then tells', async () => {
  const client = newClient();
  const seen = [];
  answers = [json(200, ann()), new Response(null, { status: 204 }), new Response(null, { status: 204 })];
  client.subscribe((user) => seen.push(user?.name));
  await settle();
  assert.equal(await client.signOut(), true);
  assert.equal(await client.signOut({ everywhere: true }), true);
  assert.deepEqual(seen, ['Ann', undefined]);
  assert.deepEqual(calls.slice(1), ['POST /auth/logout', 'POST /auth/logout?everywhere=true']);
});

test('signing out everywhere says if there was nobody to sign out', async () => {
  const client = newClient();
  answers = [nobody()];
  assert.equal(await client.signOut({ everywhere: true }), false);
});

test('a sign-out that did not happen does not look like one', async () => {
  const client = newClient();
  const seen = [];
  answers = [json(200, ann()), json(503, {})];
  client.subscribe((user) => seen.push(user?.name));
  await settle();
  await assert.rejects(client.signOut(), UnavailableError);
  assert.deepEqual(seen, ['Ann']);
});

test('an answer from before the sign-out counts for nothing', async () => {
  const client = newClient();
  const seen = [];
  const late = held();
  answers = [late, new Response(null, { status: 204 }), nobody()];
  client.subscribe((user) => seen.push(user?.name));
  const asked = client.me();
  await client.signOut();
  late.resolve(json(200, ann()));
  assert.equal(await asked, null);
  assert.deepEqual(seen, [undefined]);
});

test('another tab learns of signing in and out, and only asks when it must', async () => {
  const here = newClient(), there = newClient(), elsewhere = newClient({ base: '/other' });
  const seen = [];
  let who = nobody;
  otherwise = (input, init) => (init.method === 'POST' ? new Response(null, { status: 204 }) : who());
  there.subscribe((user) => seen.push(user?.name));
  elsewhere.subscribe(() => {});
  await until(() => seen.length === 1);
  who = () => json(200, ann());
  await here.me();
  await until(() => seen.length === 2);

  await quiet();
  calls = [];
  newClient(); // one that nobody asked yet
  await newClient().me();
  await quiet();
  assert.deepEqual(calls, ['GET /auth/me'], 'a new tab makes tabs ask that know as much');

  who = nobody;
  await here.signOut();
  await until(() => seen.length === 3);
  assert.deepEqual(seen, [undefined, 'Ann', undefined]);

  await quiet();
  calls = [];
  await here.me();
  await quiet();
  assert.deepEqual(calls, ['GET /auth/me'], 'an answer that says nothing new makes other tabs ask');
});

test('fetch renews after a 401 and tries once more', async () => {
  const client = newClient();
  const body = JSON.stringify({ amount: 1 });
  const sent = [];
  const backend = (status) => (input, init) => { sent.push(init.body); return json(status, { status }); };
  answers = [backend(401), json(200, ann()), backend(200)];
  const response = await client.fetch('/api/orders', { method: 'POST', body });
  assert.deepEqual(await response.json(), { status: 200 });
  assert.deepEqual(calls, ['POST /api/orders', 'GET /auth/me', 'POST /api/orders']);
  assert.deepEqual(sent, [body, body]);
});

test('fetch sends a Request twice, body and all', async () => {
  const client = newClient();
  const sent = [];
  const backend = (status) => async (input) => { sent.push(await input.text()); return json(status, {}); };
  answers = [backend(401), json(200, ann()), backend(200)];
  const request = new Request('https://api.example.com/orders', { method: 'POST', body: 'one' });
  assert.equal((await client.fetch(request)).status, 200);
  assert.deepEqual(sent, ['one', 'one']);
});

for (const [name, { status, given, init }] of Object.entries({
  'nobody is signed in': { status: 401, given: () => [json(401, {}), nobody()] },
  'a second 401': { status: 401, given: () => [json(401, {}), json(200, ann()), json(401, {})] },
  'another status': { status: 403, given: () => [json(403, {})] },
  'a stream, which cannot be sent twice': {
    status: 401, given: () => [json(401, {})], init: { method: 'POST', duplex: 'half', body: new ReadableStream() },
  },
})) {
  test(`fetch hands on what renewing cannot mend: ${name}`, async () => {
    answers = given();
    assert.equal((await newClient().fetch('/api/orders', init)).status, status);
    assert.equal(answers.length, 0);
  });
}

test('fetch does not take what is not known for a sign-out', async () => {
  answers = [json(401, {}), json(503, {})];
  await assert.rejects(newClient().fetch('/api/orders'), UnavailableError);
});

test('many calls that get a 401 at once renew once', async () => {
  const client = newClient();
  const backend = (status) => json(status, {});
  answers = [backend(401), backend(401), backend(401), json(200, ann()), backend(200), backend(200), backend(200)];
  const all = await Promise.all(['/a', '/b', '/c'].map((path) => client.fetch(path)));
  assert.deepEqual(all.map((response) => response.status), [200, 200, 200]);
  assert.equal(calls.filter((call) => call === 'GET /auth/me').length, 1);
});

test('loginURL comes back to the page, as it was before a login failed', () => {
  const rows = {
    'this page, its fragment too': [page, undefined, page],
    'without the error of the last try': ['https://shop.example.com/login?error=access_denied&error_id=a1&tab=x#y', undefined, 'https://shop.example.com/login?tab=x#y'],
    'a path of this origin': [page, { returnTo: '/account' }, 'https://shop.example.com/account'],
    'another page': [page, { returnTo: 'https://app.example.com/?a=b&c=d' }, 'https://app.example.com/?a=b&c=d'],
    'home': [page, { returnTo: '' }],
  };
  for (const [name, [address, options, want]] of Object.entries(rows)) {
    page = address;
    const url = new URL(newClient().loginURL(options), address);
    assert.equal(url.pathname, '/auth/login', name);
    assert.deepEqual(Object.fromEntries(url.searchParams), want === undefined ? {} : { return_to: want }, name);
  }
});

test('loginURL carries what it is told, encoded', () => {
  const url = newClient({ base: '' }).loginURL({ returnTo: '/', loginHint: 'a&b@example.com', prompt: 'consent', scope: 'openid email' });
  assert.equal(url, '/login?return_to=https%3A%2F%2Fshop.example.com%2F&login_hint=a%26b%40example.com&prompt=consent&scope=openid+email');
});

test('readError knows the closed list and nothing else', () => {
  for (const code of Object.keys(errorTexts)) {
    const found = readError(new URL(`https://shop.example.com/login?error=${code}&error_id=r-1_A`));
    assert.deepEqual(found, { code, id: 'r-1_A', text: errorTexts[code] });
  }
  assert.equal(readError(new URL('https://shop.example.com/login?error_id=r1')), null);
});

test('B21 readError shows nothing that a stranger wrote', () => {
  const unknown = { code: 'unknown', id: '', text: errorTexts.unknown };
  const hostile = ['', '<script>alert(1)</script>', 'ACCESS_DENIED', 'access_denied ', '__proto__', 'constructor', 'toString', 'x'.repeat(10_000), 'a\r\nb', '\u202e'];
  for (const error of hostile) {
    const search = `?${new URLSearchParams({ error, error_id: error || '<b>' })}`;
    const found = readError({ search });
    assert.deepEqual({ ...found, id: '' }, unknown, error);
    assert.match(found.id, /^[\w-]{0,64}$/, error);
  }
  // The first of two, as the server itself sends one.
  assert.deepEqual(readError({ search: '?error=nonsense&error=access_denied' }), unknown);
});

test('readError takes texts of another language, and its own where one is missing', () => {
  const german = { access_denied: 'Sie haben die Anmeldung abgelehnt.' };
  assert.equal(readError({ search: '?error=access_denied' }, german).text, german.access_denied);
  assert.equal(readError({ search: '?error=login_failed' }, german).text, errorTexts.login_failed);
});

test('forgetError takes the error out of the address and leaves the rest', () => {
  page = 'https://shop.example.com/login?tab=x&error=access_denied&error_id=a1#y';
  forgetError();
  assert.equal(page, 'https://shop.example.com/login?tab=x#y');
});

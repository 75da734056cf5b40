// What Google's script for Sign in with Google does in a page, as far as ux_mode=redirect goes: it reads the elements g_id_onload and
// g_id_signin, or is called by google.accounts.id, renders a button, and at a click puts g_csrf_token into a cookie of the page's
// host and leaves for the account chooser, which posts the credential to login_uri.
(() => {
  const base = new URL('.', document.currentScript.src);
  let options = {};

  // As Google's script: the token goes into a cookie of the page's own host, and, by way of Google, into the form that comes back.
  // SameSite=None, since that form comes from another site.
  function csrfToken() {
    const token = Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16).padStart(2, '0')).join('');
    document.cookie = `g_csrf_token=${token}; path=/; max-age=1800; SameSite=None; Secure`;
    return token;
  }

  function select(selectBy) {
    const url = new URL('select', base);
    url.search = new URLSearchParams({
      client_id: options.client_id, login_uri: options.login_uri ?? location.href, nonce: options.nonce ?? '',
      ux_mode: 'redirect', select_by: selectBy, g_csrf_token: csrfToken(), origin: location.origin,
    });
    location.assign(url);
  }

  function style() {
    if (document.querySelector('link[data-gsi]')) return;
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: new URL('style', base) });
    link.dataset.gsi = '';
    document.head.append(link);
  }

  function renderButton(parent) {
    style();
    const button = document.createElement('div');
    Object.assign(button, { className: 'gsi-button', tabIndex: 0, role: 'button', textContent: 'Sign in with Google' });
    button.addEventListener('click', () => select('btn'));
    button.addEventListener('keydown', (event) => { if (event.key === 'Enter' || event.key === ' ') select('btn'); });
    // Google shows the account inside a frame of its own; here the frame only proves that it is let in.
    const frame = Object.assign(document.createElement('iframe'), { src: new URL('button', base), title: 'Google', className: 'gsi-frame' });
    frame.addEventListener('load', () => { parent.dataset.gsiFrame = 'loaded'; });
    parent.replaceChildren(button, frame);
  }

  function initialize(config) {
    options = config;
    fetch(new URL(`status?${new URLSearchParams({ client_id: config.client_id })}`, base))
      .then((response) => { document.documentElement.dataset.gsiStatus = response.status; })
      .catch(() => { document.documentElement.dataset.gsiStatus = 'blocked'; });
  }

  window.google = { accounts: { id: { initialize, renderButton, prompt() {}, cancel() {}, disableAutoSelect() {} } } };

  function start() {
    const onload = document.getElementById('g_id_onload');
    if (!onload) return;
    const { client_id, login_uri, nonce } = onload.dataset;
    initialize({ client_id, login_uri, nonce });
    document.querySelectorAll('.g_id_signin').forEach(renderButton);
  }
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start); else start();
})();

// Package nonce gives out the nonces of logins that do not go through our redirect to Google, and knows them again when they come
// back inside an ID token. OpenID Connect leaves it to the client to tie an ID token to something it asked for; without a nonce of
// ours, whoever gets hold of somebody's ID token could sign in with it, now and as often as they like.
//
// There are two kinds.
//
//   - Pages issues the nonce of a page with Google's own button. It is random, and remembered in a sealed cookie of the browser,
//     beside the return_to of that page: only the browser that showed the button can use it. The cookie holds the nonces of
//     several pages, so that two tabs do not disturb each other.
//   - Apps issues the nonce of an app or a script that wants tokens as JSON. It is a sealed text that holds its own end, so that no
//     cookie is needed: whoever has it can use it, once.
//
// Used remembers which nonces came back, in the store that all servers of the GoogleLogin share.
package nonce

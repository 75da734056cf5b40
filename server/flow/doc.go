// Package flow keeps a login's secrets between its start and its callback, in the browser that started it and nowhere else.
//
// A flow is one attempt to sign in: state, nonce, PKCE verifier, where to go afterwards. It travels sealed in a cookie of its own:
//
//  1. New makes a flow. Everything secret in it is random; nothing comes from the request but what the caller already checked.
//  2. Cookies.Put seals it into a cookie whose name is derived from the state, and drops the oldest flows past the limits.
//  3. Cookies.Open finds the cookie by the state that the callback names, opens it and compares the state in constant time.
//  4. Cookies.Clear removes that cookie; Finished remembers the state, so that a copy of the cookie opens no second exchange.
//
// One cookie for each flow lets two tabs sign in at the same time. The seal is Tink's AEAD, bound to this GoogleLogin, the
// cookie's name and its purpose: nothing sealed elsewhere, or for something else, opens here.
package flow

// Package login is the flow that signs a user in, and what belongs to it: who am I, goodbye, and how others verify our tokens.
//
// A login starts (start.go):
//
//  1. Refuse what must not start one: a prefetch, a server that could not finish it, a parameter that is not allowed.
//  2. Make a flow: state, nonce, PKCE verifier, return_to if it is allowed.
//  3. Seal it into a cookie of its own and send the browser to Google.
//
// And it ends (callback.go), each step only if the one before it succeeded:
//
//  1. The request has the shape of Google's answer: no parameter twice, none oversized.
//  2. The browser has the flow that belongs to the state. Whoever does not is refused, before anything else is looked at, and is
//     not told why; a browser with a live session goes home instead, since it merely came twice.
//  3. The flow is over now, whatever happens: its cookie is cleared, its state remembered as finished.
//  4. Google said no, or the code is exchanged once, and the ID token verified.
//  5. The access policy admits the account; the user is found or created and is not blocked; a session starts.
//  6. The browser goes to return_to, if that is still allowed, else home.
//
// A login that fails after step 2 sends the user to the front end's login page with a code of the closed list in package httperr.
package login

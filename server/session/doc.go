// Package session keeps users signed in, by two cookies:
//
//   - NAME holds the access JWT, short-lived, which any service verifies with our public keys. A request that bears a valid one
//     costs no look into the store.
//   - NAME-session holds an opaque handle of 256 bits, whose SHA-256 finds the session in the store.
//
// The steps of a session:
//
//  1. Start, at the end of a login: a new session with a new ID and handle, whatever the browser sent. A session that the browser
//     had before ends. Both cookies are set.
//  2. Check, at a request: the JWT is ours, in time, and of a session that was not revoked.
//  3. Resume, where a dead JWT may be renewed: Check, else the handle finds the session, the limits and the access policy are
//     asked again, and a new JWT is set; that one cookie and no other, since some proxies hand on only one. RenewNow is the same
//     for who does not want to wait until the JWT is dead.
//  4. End: the session, or all of the user's, is revoked in the store, and then the cookies are cleared.
//
// A client that keeps its token by itself, an app or a script, gets no cookie: Issue starts its session, Bearer checks the token in
// the Authorization header, EndBearer ends the session. It ends with its token, unless the client was given refresh tokens (package
// refresh): then Renew keeps it up, within the same two limits.
//
// Two limits end a session: the idle timeout counts from the last renewal, the lifetime from the login. Renewal never moves the
// second. To keep a user who is at work from idling out between two renewals, a JWT older than half the idle timeout is renewed
// although it is still valid.
//
// A failing store ends no session: nothing is cleared and nothing is revoked, the caller gets ErrStoreUnavailable and says "later".
// So does a renewal that is denied: an administrator may lift the block or mend the policy, and the session lives on within its limits.
//
// Two cookies of one name are ambiguous: another host has set one of them. Then nobody is signed in.
package session

// Package credential signs users in who used Google's own button or One Tap: Google's page posts an ID token to POST {base}/google,
// without a code and without our redirect.
//
// The steps, each only if the one before it succeeded:
//
//  1. The body is a form in the one encoding that Google posts, without a field twice.
//  2. g_csrf_token is in the form and in a cookie of this host, and the two are equal. Google's script sets that cookie from inside
//     our page, so the form was begun by a page of ours.
//  3. The browser's sealed cookie has nonces of ours.
//  4. The ID token is verified like any other, and its nonce is one of those: this browser was shown the button that it comes from.
//  5. The nonce is not too old, and this is its first use. It is over now, whatever happens.
//  6. What every login has in common: the access policy, the user, the session, and the browser goes to return_to or home.
//
// A request that fails in steps 1 to 4, or with a used nonce, proves nothing and is refused without a reason. After that the
// front end's login page learns why, as it does of a login by redirect.
//
// Google's page posts from another site. So the protection against requests across origins lets this one route pass; steps 2 to 5
// are in its place. Nothing of the form but the ID token says who signs in: client_id, select_by and whatever else is there are
// not read.
package credential

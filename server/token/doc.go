// Package token is POST {base}/token: access tokens as JSON, for apps and single-page applications that cannot use cookies.
//
// What a client brings, and the grant_type it comes under:
//
//   - urn:ietf:params:oauth:grant-type:jwt-bearer (RFC 7523): assertion is an ID token that Google gave the client, for a nonce of
//     ours.
//   - authorization_code: code, redirect_uri, nonce and code_verifier of Google's code flow, which the client ran by itself with a
//     nonce of ours. redirect_uri is one of the GoogleLogin's, since Google sends codes to no other.
//
// The steps, each only if the one before it succeeded:
//
//  1. The body is a form without a field twice, and the query is empty: what is in a URL ends up in logs.
//  2. The nonce is ours and in time; a nonce that was bound to a code challenge comes with its code verifier. A code needs such a
//     nonce: only so is it certain that its client used PKCE, since a verifier that nobody asked for proves nothing.
//  3. The ID token is verified like any other, or the code is exchanged once and the ID token that comes with it verified.
//  4. This is the nonce's first use.
//  5. What every login has in common: the access policy and the user; then a session that is on record like any other, and the
//     access token, in an answer that nobody may keep.
//
// With refresh tokens (package refresh) there is a third grant, refresh_token, with the client_id that Google issued the ID token to:
// the client has to be listed still, the session's limits, its user and the access policy are asked again, then the token is used up
// for its successor. Revoke ends the session (RFC 7009). Without them a client whose token ended brings a new proof.
//
// Whoever signs in is whom Google's ID token names; whatever else is in the form is not read.
//
// Errors are OAuth's JSON (RFC 6749, 5.2) with two fields more: reason, a code of the closed list that front ends know, where the
// proof was good and its user may not sign in, and error_id, which finds the cause in the log.
package token

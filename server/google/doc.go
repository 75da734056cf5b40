// Package google is the client side of Google's sign-in: it builds the URL that a login begins with, redeems the code that comes
// back, and believes an ID token only after every check that OpenID Connect, RFC 8725 and Google's own pages ask for.
//
// The steps of one login:
//
//  1. AuthCodeURL builds the authorization URL: code flow, state, nonce, PKCE S256.
//  2. Redeem sends the code to the token endpoint, once. A code works once, so nothing is ever tried again.
//  3. The answer is read strictly: JSON by name and by content, no key twice, a Bearer token, an ID token.
//  4. The ID token is verified: form and header before anything is fetched, then the signature by golang-jwt,
//     then what it says: iss, aud, azp, exp, iat, nbf, nonce, sub, at_hash, and the JSON types of all of them.
//  5. userinfo is asked for what the ID token lacks; it must be about the same sub.
//  6. The scopes that were granted are compared with those that were asked.
//
// Google's endpoints are compiled in, so that a server starts, and sends users to Google, without having reached it. A stand-in
// (Options.Issuer) is discovered at its first use.
//
// What this package does not do: it keeps no state of a flow, does not compare the state parameter, and does not decide who may
// sign in. An Identity whose EmailVerified is false comes out of it without an error; package access refuses it.
//
// email_verified is a JSON boolean. The strings "true" and "false" are taken from a userinfo answer alone, where some providers
// write all claims as strings; in an ID token they make the token invalid.
package google

// Package verify checks a GoogleLogin's access JWTs in a team's own backend, without asking the callback server about each request.
//
//	v, err := verify.New(verify.Options{Issuer: "https://shop.example.com/auth", Audience: "shop", Cookie: "__Host-shop"})
//	http.Handle("/orders", v.Middleware(orders))
//
// A token is accepted if a key of the issuer signed it with ES256, it is an access JWT (typ "at+jwt", RFC 9068), it is from this
// issuer and for this audience, and its time has come and is not over. The keys are fetched when the first token comes and kept for as
// long as the server says; a token that names a key which is not among them makes them be fetched again, at most every few seconds.
// While the server is away the keys that are known go on being used for a while.
//
// What it does not check: whether the session was ended since. A logout, a blocked user or a changed access policy is seen when the
// token ends, after ten minutes unless spec.session.accessTokenTTL says otherwise; who must know at once asks {base}/me, or lets the
// proxy ask. Nor does it guard against requests that another site makes the browser send: for that, put http.CrossOriginProtection
// around handlers that change something and accept the cookie.
package verify

// Package forwardauth answers proxies that ask about each request before they hand it to an application: may it pass, and who is it?
//
//	GET {base}/check/nginx          auth_request of nginx and ingress-nginx
//	GET {base}/check/traefik        forwardAuth of Traefik
//	GET {base}/check/caddy          forward_auth of Caddy
//	GET {base}/check/haproxy        the Lua for HAProxy in docs/forward-auth
//	GET {base}/check/apache         the Lua for Apache httpd there
//	ANY {base}/check/envoy/*        ext_authz of Envoy over HTTP; what follows is the path that was asked for
//	ANY {base}/check/envoy-bearer/* the same, with the access JWT in the answer
//
// One route for each, since each reads only the headers that its proxy writes over: whatever else a request says of itself, its
// client may have written.
//
// The steps of an answer:
//
//  1. A path that two readers may understand differently is refused, whoever asks: 403. So is a header that is there twice.
//  2. A valid access JWT passes: 200 with X-Auth-Request-User, -Email, -Name and -Hosted-Domain, and no look into the store. All
//     four are always there, empty if need be, so that a proxy writes over what the client sent under their names. With
//     ?authorization=bearer the JWT is in Authorization, where the peer is a trusted proxy. Envoy is also told what it has to remove.
//  3. A dead one is renewed by the session's handle, with the one cookie that this takes.
//  4. Who is known and may not pass gets 403 and a code. If the store fails nobody knows: 503.
//  5. Everybody else is sent to the login, 302, if the request is a browser's navigation; from there they come back to the address
//     they asked for, if a trusted proxy named it and frontend.returnURLs allows it, else to the home URL. Any other request, and
//     every one of nginx, which has no use for a redirect, gets 401 and the login's URL as JSON.
//
// The session decides, and nothing else: no method, path or User-Agent is let through without one, OPTIONS included. It is the one
// in the cookies; a request without them may have the access JWT in Authorization instead.
//
// What is not checked: whether the application may be used with this method and this path by this user. And it is the proxy that
// keeps requests from the application, and what a client sent under the names of our headers.
package forwardauth

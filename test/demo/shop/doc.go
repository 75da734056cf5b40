// Command shop is the sample application of the demo: what a team would put in front of, and behind, its GoogleLogin.
//
//	GET /, /orders/{id}   a page that asks {base}/me who is signed in
//	GET /login            the team's own sign-in page, with the button and the texts for ?error=
//	GET /api/hello        a backend that verifies the access JWT by itself
//	GET /healthz          for the kubelet
//
// The front end is plain HTML, CSS and JavaScript without third-party content, on top of the client in docs/frontend. The backend verifies tokens with an OpenID
// Connect library that knows nothing of this project, against nothing but the issuer, the audience and the public keys: what it
// accepts, any other service accepts too.
package main

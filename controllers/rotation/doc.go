// Package rotation is the schedule of the keys that a GoogleLogin's servers use. It is pure, and driven by a clock and by keys
// that its caller passes in:
//
//	Initial   the first signing key of a GoogleLogin, which signs at once: there is nobody yet who could not know it
//	Parse     reads and checks a file of signing keys; whatever it lets through, the server can serve
//	States    what each signing key is at a given time
//	Plan      what becomes of a file of signing keys at a given time
//	Schedule  the same for keys of any kind; sealing keys follow it too
//
// A key lives through these times:
//
//  1. publishedAt: it is written, PrePublish before its time. Pods learn of it, and publish it; within JWKSMaxAge after the last
//     of them, so does every verifier.
//  2. activateAt: it takes over, by every server's own clock and without a write. Its predecessor only verifies from here on.
//  3. retireAt: Retain after its successor's activateAt. No token that it signed is valid any more, and it is dropped.
//
// All three are written beforehand, so that nothing but new keys depends on the controller: while it is away, the current key
// goes on.
package rotation

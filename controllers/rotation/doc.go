// Package rotation is the schedule of the keys that sign access JWTs, as the key file server/config.SigningKeys holds it. It is
// pure and driven by a clock that its caller passes in:
//
//	Initial   the first key of a GoogleLogin, which signs at once: there is nobody yet who could not know it
//	Parse     reads and checks a key file; whatever it lets through, the server can serve
//	States    what each key is at a given time
//
// Who signs is decided by the clock alone, here as in the server: of the keys whose activateAt has passed, the one with the
// latest. The state written in the file is for people.
package rotation

// Package refresh is the refresh tokens of clients that keep their tokens by themselves: apps and single-page applications.
//
// A family is the chain of tokens that one sign-in gave out; it belongs to one session, and ends with it. Each token is used up for
// its successor:
//
//   - The current token is answered with the next one, which takes its place.
//   - The one before it is answered with that same successor for a while (the grace): two requests that crossed, or a client that lost
//     the answer, are nobody's theft.
//   - Within the grace the current one is answered with itself: a chain that moved on so soon would cut the grace of the one before.
//   - After the grace, or further back, somebody uses a token that another holder has used already. One of the two has stolen it, and
//     nobody can tell which: the family ends.
//
// A token is a family's session ID, the token's number in the chain, and 256 bits that only its holder knows. The successor's bits are
// an HMAC of the family's salt under the bits before: the same for every server that computes it, so that a hundred requests at once
// need no lock to agree, and computable by nobody who lacks either. The store has the salt and a hash of the current bits: whoever
// reads it can make no token. Whoever finds an old token can compute nothing from it without the salt; and since the chain can be
// walked forward from any genuine token, an old one is told from a forged one without keeping them all.
//
// It does not look at limits, users or policies: that is the session's.
package refresh

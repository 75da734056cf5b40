// Package keyring signs and verifies this server's own JWTs with the keys that the control plane rotates, and publishes the
// public ones.
//
// Which key signs is decided by the clock, so that one write of the file switches every replica and a control plane that is down
// stops nothing:
//
//  1. A key may sign from its activateAt until its retireAt. Of several, the one with the latest activateAt does.
//  2. A key that this process has not itself published for the JWKS's cache time does not sign: services that verify offline may
//     still hold a key set without it. If there is no other key, as at the first start, it signs all the same.
//  3. If no key's time has come, the one whose time is next signs already. Whoever made the file has dropped all others, and this
//     server's clock is behind: it must neither wait, nor go on with keys that were dropped in an emergency.
//  4. Every key verifies until its retireAt, and is in the JWKS until then.
//
// A file that breaks a rule is refused as a whole, and the old keys stay.
package keyring

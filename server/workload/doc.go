// Package workload says which ServiceAccount of the cluster a request comes from, by the projected token that it shows.
//
// The token is verified here, with the cluster's own public keys out of a file: nothing is asked of the cluster, which is why this
// server needs no rights in it. What is checked, in this order:
//
//  1. The token is not longer than any real one, its alg is one of those that clusters sign with, and its header has neither crit
//     nor an unknown kid. Keys that a header carries or points to are never looked at.
//  2. The signature.
//  3. iss is the cluster's, aud has Audience or AudienceOf this GoogleLogin, and exp, nbf and iat are there, fit the clock, and are no
//     more than a day apart.
//  4. sub is system:serviceaccount:namespace:name, and the claim kubernetes.io says the same two names.
//  5. If that is another namespace than the GoogleLogin's, aud has AudienceOf it. Else one team could show another's server what a
//     caller that both have named has shown to its own.
//
// What is not checked: whether the pod, the ServiceAccount or the token still exists. A token that leaks is good until its exp, an
// hour by default and a day at most; what its ServiceAccount may do ends at once when the configuration no longer names it.
package workload

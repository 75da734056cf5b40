// Package scale measures the manager beside thousands of GoogleLogins and of Secrets that are none of its business, on a real API
// server. `make bench-scale` prints a line for each figure, `name value unit`; docs/operator.md says what they mean.
//
// The manager is a process of its own, built as for production. Between it and the API server stands a proxy that counts what it
// asks for, so that a number of writes is exact and not a sample. There is no kubelet: the benchmark binds the volume claims and
// reports the Deployments ready, each in one write.
package scale

// Package bench measures the callback server as it is built and configured for production: its speed, its CPU time and its memory.
// `make bench` prints a line for each figure, `name value unit`; docs/performance.md says what they mean.
//
// The server is pinned to the first core. The clients, the stand-in for Google and PostgreSQL share the second, and none of their
// time counts. What is compared takes turns in short slices, so that other work on the machine strikes both alike.
package bench

// Package processes runs the callback server as what it is in a cluster: processes of their own, which share nothing but files and a
// database, and which can be killed at any moment. It needs no root and no cluster.
package processes

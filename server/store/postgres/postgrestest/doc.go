// Package postgrestest runs a real PostgreSQL server, and a pooler before it, for the length of a test.
//
// Their programs come from the system's packages: postgresql, and pgbouncer for the pooler. A test fails where they are missing; it
// does not quietly test less. Both listen on a socket in a folder of their own and nowhere else. Since neither runs as root, root
// runs them as the user postgres or nobody.
package postgrestest

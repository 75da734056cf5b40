// Package postgrestest runs a real PostgreSQL server, and a pooler before it, for the length of a test or of all tests of a package.
//
// Their programs come from the system's packages: postgresql, pgbouncer for the pooler, and util-linux for a tiny disk. A test fails
// where they are missing; it does not quietly test less. Both listen on a socket in a folder of their own and nowhere else. Since neither
// runs as root, root runs them as the user postgres or nobody.
package postgrestest

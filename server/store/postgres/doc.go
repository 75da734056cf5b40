// Package postgres keeps users and sessions in a PostgreSQL database, so that several servers share them.
//
// Everything is in a schema of its own, googlelogin, beside whatever else the database holds, and belongs to one GoogleLogin: a
// second one that is given the same database is refused, since a session of the one would open at the other.
//
// The store keeps no state in a connection and prepares no statement, so that a pooler in transaction mode may stand between. A
// statement that lost a race is run again, a few times; a connection that breaks is an error, since nobody knows what became of
// the statement.
//
// The schema is made by the migrations embedded here. One that is a version newer than this program is used as it is, so that an
// upgrade can be rolled out and taken back; one that is newer still is refused. A database that is away when the server starts is
// waited for.
//
// The URI is read from a file, again for each new connection: a rotated password needs no restart. It is in no error and no log.
//
// Every error that is not an answer is a session.ErrStoreUnavailable, and none quotes a value.
package postgres

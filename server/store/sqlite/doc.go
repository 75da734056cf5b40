// Package sqlite keeps users and sessions in one SQLite file.
//
// What is committed survives the end of the process and of the machine: a write-ahead log, synced at every commit. One connection
// writes, so that writers queue here instead of failing with "database is locked"; a few others read beside it. Writes that wait at the
// same time share a transaction and its sync, and nobody is answered before it is done.
//
// The schema is made by the migrations embedded here, at Open. A file that is one version newer than this program is used as it
// is, so that an upgrade can be taken back; one that is newer still is refused.
//
// Every error that is not an answer is a session.ErrStoreUnavailable, and none quotes a value.
package sqlite

// Package admin is the API for administrators inside the cluster: JSON over HTTP on a port of its own, never on the public one.
//
//	GET    /v1/users                      list and search
//	GET    /v1/users/{id}                 one user, with the sessions that are alive
//	GET    /v1/users/{id}/export          all that is kept about one user
//	POST   /v1/users/{id}/block           keep a user out, and end their sessions
//	POST   /v1/users/{id}/unblock         let a user in again
//	POST   /v1/users/{id}/relink          bind a user to another Google account
//	DELETE /v1/users/{id}                 delete a user with all that hangs on them
//	GET    /v1/users/{id}/sessions        the sessions that are alive
//	DELETE /v1/users/{id}/sessions        end all of a user's sessions
//	DELETE /v1/users/{id}/sessions/{sid}  end one of them
//
// Each request shows a projected ServiceAccount token that was made for this API. Package workload says whose it is, and the
// configuration what that account may do; both before anything is looked up, so that whoever may not call learns of nobody.
//
// A change is one transaction of the store: it is done, or it is not. What it ended is refused at once here and, as after any logout,
// within two seconds by the other servers. Every change leaves an audit event that names the caller.
package admin

package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/httperr"
	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/users"
)

// maxFamilies is how many chains of refresh tokens an export has: as many as sessions.
const maxFamilies = 10_000

func (a *api) list(w http.ResponseWriter, r request) error {
	s, err := parseSearch(r)
	var found []identity.User
	var next string
	if err == nil {
		found, next, err = a.find(r.Context(), s)
	}
	seen := audit.Entry{Event: eventUsersListed}
	if s.one() && len(found) == 1 {
		seen.UserID = found[0].ID
	}
	if err := a.record(r, seen, err); err != nil {
		return err
	}
	out := listAnswer{Users: make([]user, 0, len(found))}
	for _, u := range found {
		out.Users = append(out.Users, userOf(u))
	}
	if next != "" {
		out.NextCursor = cursor{s.page.Prefix, next}.text()
	}
	httperr.WriteJSON(w, http.StatusOK, out)
	return nil
}

func (a *api) find(ctx context.Context, s search) (found []identity.User, next string, err error) {
	var one identity.User
	switch {
	case s.email != "":
		one, err = a.Users.UserByEmail(ctx, s.email)
	case s.subject != "":
		one, err = a.Users.UserByIdentity(ctx, a.Issuer, s.subject)
	default:
		return a.Users.List(ctx, s.page)
	}
	switch {
	case errors.Is(err, users.ErrNotFound):
		// Nobody found is an answer to a search.
		return nil, "", nil
	case err != nil:
		return nil, "", err
	}
	return []identity.User{one}, "", nil
}

func (a *api) show(w http.ResponseWriter, r request) error {
	found, alive, err := a.whole(r)
	if err != nil {
		return err
	}
	httperr.WriteJSON(w, http.StatusOK, showAnswer{userOf(found), sessionsOf(alive)})
	return nil
}

func (a *api) sessions(w http.ResponseWriter, r request) error {
	_, alive, err := a.whole(r)
	if err != nil {
		return err
	}
	httperr.WriteJSON(w, http.StatusOK, sessionsAnswer{sessionsOf(alive)})
	return nil
}

// whole is the user that the path names, and their sessions that are alive. Who has seen that is on record.
func (a *api) whole(r request) (found identity.User, alive []identity.Session, err error) {
	id, err := r.target()
	if err == nil {
		found, err = a.Users.User(r.Context(), id)
	}
	if err == nil {
		alive, err = a.Sessions.List(r.Context(), id)
	}
	return found, alive, a.record(r, audit.Entry{Event: eventUserRead, UserID: id}, err)
}

func (a *api) export(w http.ResponseWriter, r request) error {
	var out exportAnswer
	id, err := r.target()
	if err == nil {
		out, err = a.exported(r.Context(), id)
	}
	if err := a.record(r, audit.Entry{Event: eventUserExported, UserID: id}, err); err != nil {
		return err
	}
	httperr.WriteJSON(w, http.StatusOK, out)
	return nil
}

func (a *api) exported(ctx context.Context, id string) (exportAnswer, error) {
	all, err := a.Users.Export(ctx, id)
	if err != nil {
		return exportAnswer{}, err
	}
	families, err := a.Families.UserFamilies(ctx, id, maxFamilies)
	if err != nil {
		return exportAnswer{}, err
	}
	return exportAnswer{
		GoogleLogin: a.Instance, ExportedAt: a.Now().UTC(), User: userOf(all.User),
		Sessions: sessionsOf(all.Sessions), RefreshFamilies: familiesOf(families),
	}, nil
}

package admin

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/googlelogin/operator/server/audit"
	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/session"
	"github.com/googlelogin/operator/server/workload"
)

// admit says who calls, if they may. Without a permission it is enough to be any caller of the configuration: that is what it takes
// to learn which paths there are.
func (a *api) admit(r *http.Request, permission config.Permission) (workload.Account, error) {
	account, err := a.authenticate(r)
	if err == nil {
		err = a.authorize(account, permission)
	}
	var p *problem
	if errors.As(err, &p) && p.status < http.StatusInternalServerError {
		a.audit.Record(r, audit.Entry{Event: eventAdminRequest, Outcome: p.outcome(), Code: string(p.code), Caller: account.String()})
	}
	return account, err
}

func (a *api) authenticate(r *http.Request) (workload.Account, error) {
	token, ok := session.BearerToken(r)
	if !ok {
		return workload.Account{}, &problem{
			status: http.StatusUnauthorized, code: CodeUnauthenticated, challenge: `Bearer realm="googlelogin"`,
			detail: "show a projected ServiceAccount token of the audience " + workload.AudienceOf(a.Instance) + " in one Authorization header",
		}
	}
	account, err := a.Verifier.Verify(token)
	switch {
	case errors.Is(err, workload.ErrNoKeys):
		return workload.Account{}, &problem{
			status: http.StatusServiceUnavailable, code: CodeKeysUnavailable, retryAfter: retryAfter, err: err,
			detail: "the cluster's public keys could not be read yet",
		}
	case err != nil:
		return workload.Account{}, &problem{
			status: http.StatusUnauthorized, code: CodeInvalidToken, challenge: `Bearer realm="googlelogin", error="invalid_token"`,
			// In words of package workload's: nothing of the token is in them.
			detail: err.Error(), err: err,
		}
	}
	return account, nil
}

// authorize asks the configuration. A permission taken away there ends with the next call.
func (a *api) authorize(account workload.Account, permission config.Permission) error {
	found := slices.IndexFunc(a.Callers, func(c config.Caller) bool {
		return c.Namespace == account.Namespace && c.ServiceAccount == account.Name
	})
	switch {
	case found < 0:
		return forbidden(fmt.Sprintf("ServiceAccount %s is not among internalAPI.callers", account))
	case permission != "" && !slices.Contains(a.Callers[found].Permissions, permission):
		return forbidden(fmt.Sprintf("ServiceAccount %s has not the permission %s", account, permission))
	}
	return nil
}

func forbidden(detail string) *problem {
	return &problem{status: http.StatusForbidden, code: CodeForbidden, detail: detail}
}

// tooMany refuses an address that asks too often.
func (a *api) tooMany(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	// Up to the next second: one who waits exactly as told must get through.
	wait = max(wait+time.Second-1, time.Second).Truncate(time.Second)
	p := &problem{status: http.StatusTooManyRequests, code: CodeTooManyRequests, retryAfter: wait, detail: "this address asks too often"}
	a.flood.Record(r, audit.Entry{Event: eventAdminRequest, Outcome: p.outcome(), Code: string(p.code)})
	a.answer(w, r, p)
}

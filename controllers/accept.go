package controllers

import (
	"context"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

// accept computes what children are made from. The CRD's own rules catch nearly every bad spec before it is stored; what slips
// through is refused here by the server's rules, before a running server would be replaced by one that cannot start.
func (r *Reconciler) accept(_ context.Context, s *scope) error {
	issuer, err := desired.Issuer(s.login)
	if err == nil {
		s.describe(issuer)
		s.input, err = desired.NewInput(s.login, r.ServerImage, s.cluster)
	}
	if err != nil {
		s.stall(v1beta1.ConditionAccepted, v1beta1.ReasonInvalidSpec, err.Error())
		return nil
	}
	s.succeed(v1beta1.ConditionAccepted, v1beta1.ReasonAccepted, "the spec can be worked on")
	return nil
}

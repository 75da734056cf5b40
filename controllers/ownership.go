package controllers

import (
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/googlelogin/operator/api/v1beta1"
)

// recheckForeign is how soon to look again at something foreign, which no watch of ours tells of.
const recheckForeign = time.Minute

// foreignError says that an object with the name of a child is not ours.
type foreignError struct {
	kind, name string
	// owner is the kind and name of the object's controller; empty if it has none.
	owner string
	// predecessor: the owner is a GoogleLogin of the same name that was deleted, so the object is about to go.
	predecessor bool
}

// Error implements error.
func (e *foreignError) Error() string {
	if e.predecessor {
		return fmt.Sprintf("%s %q belongs to a deleted GoogleLogin of the same name; waiting for the garbage collector", e.kind, e.name)
	}
	owner := "no controller"
	if e.owner != "" {
		owner = e.owner
	}
	return fmt.Sprintf("%s %q exists and belongs to %s, not to this GoogleLogin; it is left as it is: delete or rename it, or make the GoogleLogin under another name",
		e.kind, e.name, owner)
}

// refuseForeign returns an error unless login controls obj.
func refuseForeign(login *v1beta1.GoogleLogin, obj client.Object, kind string) error {
	controller := metav1.GetControllerOf(obj)
	if controller == nil {
		return &foreignError{kind: kind, name: obj.GetName()}
	}
	if controller.UID == login.UID {
		return nil
	}
	return &foreignError{
		kind:        kind,
		name:        obj.GetName(),
		owner:       fmt.Sprintf("%s %q", controller.Kind, controller.Name),
		predecessor: controller.Kind == "GoogleLogin" && controller.Name == login.Name,
	}
}

// blame reports on the condition an error that trying again does not mend, and returns any other. rejected is the reason for
// what the API server refuses on account of the spec.
func (s *scope) blame(condition, rejected string, err error) error {
	var foreign *foreignError
	switch {
	case errors.As(err, &foreign) && foreign.predecessor:
		s.wait(condition, v1beta1.ReasonOwnedByAnother, foreign.Error())
	case errors.As(err, &foreign):
		s.stall(condition, v1beta1.ReasonOwnedByAnother, foreign.Error())
	case apierrors.IsInvalid(err):
		s.stall(condition, rejected, err.Error())
		return nil
	default:
		return err
	}
	s.lookAgain(recheckForeign)
	return nil
}

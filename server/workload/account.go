package workload

import (
	"errors"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Account is a ServiceAccount. Its names come out of a verified token, and so are what Kubernetes allows: they can be logged.
type Account struct{ Namespace, Name string }

// String is how Kubernetes writes it: namespace/name.
func (a Account) String() string {
	if a == (Account{}) {
		return ""
	}
	return a.Namespace + "/" + a.Name
}

// subjectPrefix begins the sub claim of a ServiceAccount's token.
const subjectPrefix = "system:serviceaccount:"

// claims are what the API server writes into a token of a ServiceAccount, as far as it is looked at.
type claims struct {
	jwt.RegisteredClaims
	Kubernetes struct {
		Namespace      string `json:"namespace"`
		ServiceAccount struct {
			Name string `json:"name"`
		} `json:"serviceaccount"`
	} `json:"kubernetes.io"`
}

// account reads whose token it is. It is there twice, and a token that names two accounts names none.
func (c claims) account() (Account, error) {
	names, ok := strings.CutPrefix(c.Subject, subjectPrefix)
	namespace, name, two := strings.Cut(names, ":")
	switch {
	case !ok || !two || namespace == "" || name == "" || strings.Contains(name, ":"):
		return Account{}, errors.New("sub is not of a ServiceAccount")
	case c.Kubernetes.Namespace != namespace || c.Kubernetes.ServiceAccount.Name != name:
		return Account{}, errors.New("sub and kubernetes.io name different ServiceAccounts")
	}
	return Account{namespace, name}, nil
}

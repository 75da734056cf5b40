package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// maxClusterIssuer bounds the issuer of ServiceAccount tokens, which is a URL of the cluster's.
const maxClusterIssuer = 1024

var (
	namespacePattern      = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	serviceAccountPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)
	clusterIssuerPattern  = regexp.MustCompile(`^[!-~]+$`)
)

// validate holds the API to all or nothing: a port without callers serves nobody, and callers without the cluster's keys cannot prove
// who they are.
func (a InternalAPI) validate(p *problems, port string) {
	if len(a.Callers) == 0 {
		p.check(port == "", "listen.admin", "nobody may call there: name internalAPI.callers, or leave it empty")
		return
	}
	p.check(port != "", "listen.admin", "set the address where internalAPI.callers call, such as :8082")
	p.check(len(a.Issuer) <= maxClusterIssuer && clusterIssuerPattern.MatchString(a.Issuer), "internalAPI.issuer",
		"%q must be the iss claim of the cluster's ServiceAccount tokens, such as https://kubernetes.default.svc.cluster.local", a.Issuer)
	p.check(filepath.IsAbs(a.KeysFile), "internalAPI.keysFile", "%q must be the absolute path of the cluster's public keys", a.KeysFile)
	for i, caller := range a.Callers {
		field := fmt.Sprintf("internalAPI.callers[%d]", i)
		caller.validate(p, field)
		p.check(!slices.ContainsFunc(a.Callers[:i], caller.same), field, "%s/%s is there twice: name all its permissions in one entry",
			caller.Namespace, caller.ServiceAccount)
	}
}

func (c Caller) same(other Caller) bool {
	return c.Namespace == other.Namespace && c.ServiceAccount == other.ServiceAccount
}

func (c Caller) validate(p *problems, field string) {
	p.check(namespacePattern.MatchString(c.Namespace), field+".namespace", "%q must be the name of a namespace", c.Namespace)
	p.check(len(c.ServiceAccount) <= 253 && serviceAccountPattern.MatchString(c.ServiceAccount), field+".serviceAccount",
		"%q must be the name of a ServiceAccount", c.ServiceAccount)
	p.check(len(c.Permissions) > 0, field+".permissions", "name at least one of %s", permissionNames())
	for i, permission := range c.Permissions {
		p.check(slices.Contains(Permissions(), permission), field+".permissions", "%q must be one of %s", permission, permissionNames())
		p.check(!slices.Contains(c.Permissions[:i], permission), field+".permissions", "%q is there twice", permission)
	}
	p.check(len(c.Scopes) == 0 || slices.Contains(c.Permissions, PermissionTokens), field+".scopes",
		"are for Google's tokens: add the permission %s, or remove them", PermissionTokens)
	for i, scope := range c.Scopes {
		p.check(scopePattern.MatchString(scope), field+".scopes", "%q must be one scope, without spaces or quotes", scope)
		p.check(!slices.Contains(c.Scopes[:i], scope), field+".scopes", "%q is there twice", scope)
	}
}

func permissionNames() string {
	var names []string
	for _, permission := range Permissions() {
		names = append(names, string(permission))
	}
	return strings.Join(names, ", ")
}

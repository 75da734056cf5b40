package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/config"
)

// called is a valid configuration with an internal API.
func called() config.Config {
	c := valid()
	c.Listen.Admin = ":8082"
	c.InternalAPI = config.InternalAPI{
		Issuer: "https://kubernetes.default.svc.cluster.local", KeysFile: "/config/cluster-keys.json",
		Callers: []config.Caller{
			{Namespace: "shops", ServiceAccount: "support.desk", Permissions: []config.Permission{config.PermissionUsers, config.PermissionSessions}},
			{
				Namespace: "shops", ServiceAccount: "shop-backend", Permissions: []config.Permission{config.PermissionTokens},
				Scopes: []string{"https://www.googleapis.com/auth/calendar.readonly"},
			},
		},
	}
	return c
}

func TestLoad_ReadsTheInternalAPI(t *testing.T) {
	want := called()
	content, err := want.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.Load(write(t, string(content)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	misspelt := strings.Replace(string(content), "serviceAccount: shop-backend", "serviceaccount: shop-backend", 1)
	if _, err := config.Load(write(t, misspelt)); err == nil || !strings.Contains(err.Error(), `"internalAPI.callers[1].serviceaccount"`) {
		t.Errorf("error is %v, want it to name the misspelt field", err)
	}
}

func TestValidate_InternalAPI(t *testing.T) {
	first := func(change func(*config.Caller)) func(*config.Config) {
		return func(c *config.Config) { change(&c.InternalAPI.Callers[0]) }
	}
	for name, row := range map[string]struct {
		change func(*config.Config)
		// want is the field that is named; empty if all is well.
		want string
	}{
		"nothing wrong": {func(*config.Config) {}, ""},
		"no API at all": {func(c *config.Config) { c.InternalAPI, c.Listen.Admin = config.InternalAPI{}, "" }, ""},
		"one name in two namespaces": {func(c *config.Config) {
			c.InternalAPI.Callers[1].Namespace, c.InternalAPI.Callers[1].ServiceAccount = "other", "support.desk"
		}, ""},
		"any free port": {func(c *config.Config) { c.Listen = config.Listen{Public: ":0", Internal: ":0", Admin: ":0"} }, ""},

		"callers and no port":         {func(c *config.Config) { c.Listen.Admin = "" }, "listen.admin"},
		"a port and no callers":       {func(c *config.Config) { c.InternalAPI.Callers = nil }, "listen.admin"},
		"address without port":        {func(c *config.Config) { c.Listen.Admin = "8082" }, "listen.admin"},
		"M7 the admin API for all":    {func(c *config.Config) { c.Listen.Admin = c.Listen.Public }, "listen.admin"},
		"on the internal port":        {func(c *config.Config) { c.Listen.Admin = c.Listen.Internal }, "listen.admin"},
		"on Envoy's port":             {func(c *config.Config) { c.Listen.ExtAuthz = c.Listen.Admin }, "listen.admin"},
		"no issuer":                   {func(c *config.Config) { c.InternalAPI.Issuer = "" }, "internalAPI.issuer"},
		"issuer with a space":         {func(c *config.Config) { c.InternalAPI.Issuer = "https://a b" }, "internalAPI.issuer"},
		"issuer without end":          {func(c *config.Config) { c.InternalAPI.Issuer = strings.Repeat("a", 1025) }, "internalAPI.issuer"},
		"no keys":                     {func(c *config.Config) { c.InternalAPI.KeysFile = "" }, "internalAPI.keysFile"},
		"keys in a relative path":     {func(c *config.Config) { c.InternalAPI.KeysFile = "keys.json" }, "internalAPI.keysFile"},
		"caller of no namespace":      {first(func(c *config.Caller) { c.Namespace = "" }), "internalAPI.callers[0].namespace"},
		"namespace with a colon":      {first(func(c *config.Caller) { c.Namespace = "a:b" }), "internalAPI.callers[0].namespace"},
		"namespace of 64 characters":  {first(func(c *config.Caller) { c.Namespace = strings.Repeat("a", 64) }), "internalAPI.callers[0].namespace"},
		"caller without a name":       {first(func(c *config.Caller) { c.ServiceAccount = "" }), "internalAPI.callers[0].serviceAccount"},
		"every ServiceAccount":        {first(func(c *config.Caller) { c.ServiceAccount = "*" }), "internalAPI.callers[0].serviceAccount"},
		"name of 254 characters":      {first(func(c *config.Caller) { c.ServiceAccount = strings.Repeat("a", 254) }), "internalAPI.callers[0].serviceAccount"},
		"nothing is permitted":        {first(func(c *config.Caller) { c.Permissions = nil }), "internalAPI.callers[0].permissions"},
		"permission in lower case":    {first(func(c *config.Caller) { c.Permissions = []config.Permission{"users"} }), "internalAPI.callers[0].permissions"},
		"permission twice":            {first(func(c *config.Caller) { c.Permissions = append(c.Permissions, "Users") }), "internalAPI.callers[0].permissions"},
		"scopes without tokens":       {first(func(c *config.Caller) { c.Scopes = []string{"openid"} }), "internalAPI.callers[0].scopes"},
		"two scopes in one":           {func(c *config.Config) { c.InternalAPI.Callers[1].Scopes = []string{"a b"} }, "internalAPI.callers[1].scopes"},
		"scope twice":                 {func(c *config.Config) { c.InternalAPI.Callers[1].Scopes = []string{"a", "a"} }, "internalAPI.callers[1].scopes"},
		"ServiceAccount twice":        {first(func(c *config.Caller) { c.ServiceAccount = "shop-backend" }), "internalAPI.callers[1]"},
		"the second of two is broken": {func(c *config.Config) { c.InternalAPI.Callers[1].Permissions[0] = "All" }, "internalAPI.callers[1].permissions"},
	} {
		t.Run(name, func(t *testing.T) {
			c := called()
			row.change(&c)
			err := c.Validate()
			if row.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || !hasLine(err.Error(), row.want+": ") {
				t.Errorf("error is %v, want it to name %s", err, row.want)
			}
		})
	}
}

func TestValidate_NamesEveryProblemOfTheInternalAPIAtOnce(t *testing.T) {
	c := called()
	c.Listen.Admin = ""
	c.InternalAPI = config.InternalAPI{Callers: []config.Caller{{Scopes: []string{""}}}}
	err := c.Validate()
	if err == nil {
		t.Fatal("an empty API is valid")
	}
	for _, field := range []string{
		"listen.admin", "internalAPI.issuer", "internalAPI.keysFile", "internalAPI.callers[0].namespace",
		"internalAPI.callers[0].serviceAccount", "internalAPI.callers[0].permissions", "internalAPI.callers[0].scopes",
	} {
		if !hasLine(err.Error(), field+": ") {
			t.Errorf("%s is not named", field)
		}
	}
}

//go:build proxies && !traefik

package proxies

import (
	"bytes"
	"cmp"
	"net/url"
	"strings"
	"testing"
	"text/template"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

const annotation = "nginx.ingress.kubernetes.io/"

// ingress is nginx with what ingress-nginx's template makes of the documented Ingresses and their annotations, as far as it is about who may pass
// and what they send. Its Lua, which chooses a pod, is not here.
var ingress = kind{
	name: "ingress-nginx", document: "../../docs/forward-auth/ingress-nginx.yaml",
	place: func(address, dir string) []change {
		return []change{{"listen 443 ssl;", "listen " + address + " ssl;"}, {"/tls.crt", dir + "/tls.crt"}, {"/tls.key", dir + "/tls.key"}}
	},
	around:  func(documents, port, dir string) string { return nginx.around(render(documents), port, dir) },
	command: nginx.command,
}

// location is what the template reads of a path.
type location struct {
	Paths                 []string
	Check, Method, SignIn string
	Always                bool
	Headers               []string
	Backend, BufferSize   string
}

func render(documents string) string {
	var locations []location
	for document := range strings.SplitSeq(documents, "\n---\n") {
		var object networkingv1.Ingress
		if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
			panic(err)
		}
		a := func(name string) string { return object.Annotations[annotation+name] }
		for _, path := range object.Spec.Rules[0].HTTP.Paths {
			l := location{
				Paths: []string{"/"}, Check: strings.Replace(a("auth-url"), ".cluster.local", "", 1), Method: a("auth-method"),
				Always: a("auth-always-set-cookie") == "true", Backend: path.Backend.Service.Name + ".team.svc:8080",
				BufferSize: cmp.Or(a("proxy-buffer-size"), "4k"),
			}
			if prefix := strings.TrimSuffix(path.Path, "/"); *path.PathType == networkingv1.PathTypeExact {
				l.Paths = []string{"= " + path.Path}
			} else if prefix != "" {
				l.Paths = []string{prefix + "/", "= " + prefix}
			}
			if to := a("auth-signin"); to != "" {
				l.SignIn = to + "?" + a("auth-signin-redirect-param") + "=https://$http_host$escaped_request_uri"
			}
			if headers := a("auth-response-headers"); headers != "" {
				l.Headers = strings.Split(headers, ",")
			}
			locations = append(locations, l)
		}
	}
	var config bytes.Buffer
	if err := rendering.Execute(&config, locations); err != nil {
		panic(err)
	}
	return config.String()
}

// The one escaped URI stands for a module that Debian's nginx does not have.
var rendering = template.Must(template.New("").Funcs(template.FuncMap{
	"variable": func(header string) string { return strings.ToLower(strings.ReplaceAll(header, "-", "_")) },
}).Parse(`
map $request_uri $escaped_request_uri { default $request_uri; "` + wantedPage + `" "` + url.QueryEscape(wantedPage) + `"; }
map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
server {
    listen 443 ssl;
    server_name shop.example.com;
    ssl_certificate     /tls.crt;
    ssl_certificate_key /tls.key;
{{range $n, $l := .}}
{{if .Check}}
    location = /_external-auth-{{$n}} {
        internal;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header X-Forwarded-Proto "";
        proxy_set_header X-Request-ID $request_id;
        proxy_method {{.Method}};
        proxy_set_header X-Original-URI $request_uri;
        proxy_set_header X-Scheme $scheme;
        proxy_set_header Host shop-googlelogin.team.svc.cluster.local;
        proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
        proxy_set_header X-Original-Method $request_method;
        proxy_set_header X-Sent-From "nginx-ingress-controller";
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Auth-Request-Redirect $request_uri;
        proxy_buffer_size {{.BufferSize}};
        proxy_buffers 4 {{.BufferSize}};
        proxy_http_version 1.1;
        proxy_pass {{.Check}};
    }
{{end}}
{{if .SignIn}}
    location @sign-in-{{$n}} {
        internal;
        add_header Set-Cookie $auth_cookie;
        return 302 {{.SignIn}};
    }
{{end}}
{{range .Paths}}
    location {{.}} {
{{if $l.Check}}
        auth_request /_external-auth-{{$n}};
        auth_request_set $auth_cookie $upstream_http_set_cookie;
        add_header Set-Cookie $auth_cookie{{if $l.Always}} always{{end}};
{{range $i, $header := $l.Headers}}
        auth_request_set $authHeader{{$i}} $upstream_http_{{variable $header}};
        proxy_set_header {{$header}} $authHeader{{$i}};
{{end}}
{{end}}
{{if $l.SignIn}}
        error_page 401 = @sign-in-{{$n}};
{{end}}
        proxy_set_header Host $host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header X-Request-ID $request_id;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Host $host;
        proxy_set_header X-Forwarded-Port 443;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Scheme $scheme;
        proxy_set_header X-Scheme $scheme;
        proxy_set_header Proxy "";
        proxy_buffer_size {{$l.BufferSize}};
        proxy_buffers 4 {{$l.BufferSize}};
        proxy_http_version 1.1;
        proxy_pass http://{{$l.Backend}};
    }
{{end}}
{{end}}
}
`))

// wantedPage is where probeIngressNavigation goes.
const wantedPage = "/cart?item=7&next=%2Fa%3Fb"

// forScripts is the Ingress without auth-signin, for every path.
var forScripts = change{"error_page 401 = @sign-in-1;", ""}

func TestIngressNginx(t *testing.T) {
	for name, check := range map[string]probe{
		"the application knows who it is": probeIdentity, "I114 renewal": probeRenewal, "I104 who they are": probeSpoof, "I106 I115 paths": probePaths,
		"I103 cookies": probeCookies, "the check is closed": probeChecks, "a WebSocket": probeSocket,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ingress.start(t, w, w.server, forScripts).holds(t, check)
		})
	}
	t.Run("I109 a navigation", func(t *testing.T) {
		w := newWorld(t)
		ingress.start(t, w, w.server).holds(t, probeIngressNavigation)
	})
	t.Run("a long login", func(t *testing.T) {
		w := newWorldWith(t, longAccount)
		ingress.start(t, w, w.server).holds(t, probeLongLogin)
	})
}

// exposed is the same with the Ingress that the operator makes for the sign-in, in place of the documented one.
func exposed(t *testing.T) kind {
	t.Helper()
	in := desired.Input{Login: &v1beta1.GoogleLogin{
		ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "team"},
		Spec: v1beta1.GoogleLoginSpec{
			RedirectURIs: []v1beta1.RedirectURI{shop + "/auth/callback"}, BasePath: "/auth",
			Exposure: v1beta1.Exposure{Type: v1beta1.ExposureIngress, Ingress: &v1beta1.Ingress{
				Annotations: map[string]v1beta1.AnnotationValue{annotation + "proxy-buffer-size": "8k"},
			}},
		},
	}}
	own, err := yaml.Marshal(desired.Ingress(in))
	if err != nil {
		t.Fatal(err)
	}
	k := ingress
	k.around = func(documents, port, dir string) string {
		_, application, _ := strings.Cut(documents, "\n---\n")
		closed := "      # The check"
		if !strings.Contains(application, closed) {
			t.Fatalf("%s has no %q", ingress.document, closed)
		}
		_, scripts, _ := strings.Cut(application, "\n---\n")
		application, _, _ = strings.Cut(application, closed)
		return ingress.around(string(own)+"\n---\n"+application+"\n---\n"+scripts, port, dir)
	}
	return k
}

func TestIngressOfTheOperator(t *testing.T) {
	for name, check := range map[string]probe{"a login": probeIngressNavigation, "the check is closed": probeChecks, "a long login": probeLongLogin} {
		t.Run(name, func(t *testing.T) {
			w := newWorldWith(t, longAccount)
			exposed(t).start(t, w, w.server).holds(t, check)
		})
	}
}

// weakenedIngress are annotations that somebody forgot.
var weakenedIngress = map[string]struct {
	change change
	probe  probe
}{
	"leaves the client's groups":           {change{"X-Auth-Request-Groups,", ""}, probeSpoof},
	"leaves the client's email":            {change{"X-Auth-Request-Email,", ""}, probeSpoof},
	"keeps the renewed cookie with errors": {change{`auth-always-set-cookie: "true"`, `auth-always-set-cookie: "false"`}, probeRenewal},
	"has small buffers":                    {change{"proxy-buffer-size: 8k", "proxy-buffer-size: 4k"}, probeLongLogin},
	"has an open check":                    {change{"path: /auth/check\n", "path: /nothing\n"}, probeChecks},
}

func TestIngressNginxWeakened(t *testing.T) {
	w := newWorldWith(t, longAccount)
	for name, row := range weakenedIngress {
		t.Run(name, func(t *testing.T) {
			k := ingress
			k.around = func(documents, port, dir string) string {
				weaker := strings.ReplaceAll(documents, row.change.from, row.change.to)
				if weaker == documents {
					t.Fatalf("no %q", row.change.from)
				}
				return ingress.around(weaker, port, dir)
			}
			if found := row.probe(k.start(t, w, w.server, forScripts)); len(found) == 0 {
				t.Error("nobody noticed")
			}
		})
	}
}

func probeIngressNavigation(px *proxy) (found problems) {
	c := px.client()
	a := found.refused(px, "a navigation", func() answer { return c.get(wantedPage, page...) }, 302)
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil || to.Path != "/auth/login" || to.Query().Get("return_to") != shop+wantedPage {
		found.add("the navigation is sent to %s", a.header.Get("Location"))
		return found
	}
	if end := c.login(a); end != shop+wantedPage {
		found.add("the login ends at %q, want the page asked for", end)
	}
	found.refused(px, "a script", func() answer { return px.client().get("/api/x", script...) }, 401)
	return found
}

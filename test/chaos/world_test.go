//go:build chaos

package chaos

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
	"github.com/googlelogin/operator/test/visitor"
)

const (
	clientID, clientSecret = "chaos.apps.googleusercontent.com", "CHAOS-not-a-real-client-secret"
	// secondSecret is the one that takes its place.
	secondSecret = "CHAOS-not-a-real-client-secret-either"
	origin       = "https://shop.example.com"
	google       = "fake-google.googlelogin-chaos.svc:8080"
)

// world is the namespace with all that the faults befall.
type world struct {
	*testing.T
	// database speaks TLS alone, with a certificate of the authority.
	database  *postgrestest.Server
	authority *postgrestest.Authority
	// addresses are those of the Services, by host:port as pods name them.
	addresses map[string]string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if os.Getuid() != 0 || os.Getenv("CLUSTER") != "node" {
		t.Fatal("this needs root and the node cluster: make chaos")
	}
	w := &world{T: t, addresses: map[string]string{}}
	removeNamespace()
	t.Cleanup(removeNamespace)
	mustKubectl(t, "create", "namespace", namespace)
	w.authority = postgrestest.NewAuthority(t)
	w.database = postgrestest.StartWith(t, w.authority.Serve(bridge, bridge))
	apply(t, googleManifest)
	mustKubectl(t, "rollout", "status", "deployment/fake-google", "--timeout=120s")
	w.addresses[google] = w.clusterIP("fake-google") + ":8080"
	return w
}

func removeNamespace() {
	_ = exec.Command("kubectl", "delete", "namespace", namespace, "--ignore-not-found", "--timeout=180s").Run()
}

func (w *world) clusterIP(service string) string {
	w.Helper()
	return mustKubectl(w.T, "get", "service", service, "-o", "jsonpath={.spec.clusterIP}")
}

// login applies a GoogleLogin, waits until it is Ready, and returns somebody who can sign in there.
func (w *world) login(name, spec string) *visitor.Visitor {
	w.Helper()
	apply(w.T, loginManifest(name, spec))
	w.untilReady(name, 3*time.Minute)
	return &visitor.Visitor{
		Public: "http://" + w.clusterIP(name+"-googlelogin") + ":8080", Origin: origin, Home: origin + "/", Cookie: "__Host-" + name, HTTP: w.client(),
	}
}

// onPostgres is the storage of a GoogleLogin on a database of its own.
func (w *world) onPostgres(name string) string {
	w.Helper()
	uri := w.database.RemoteURI(bridge)
	apply(w.T, fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s-db, namespace: %s}\ndata: {uri: %s, ca.crt: %s}\n",
		name, namespace, base64.StdEncoding.EncodeToString([]byte(uri)), base64.StdEncoding.EncodeToString(w.authority.PEM)))
	return fmt.Sprintf("  storage: {type: Postgres, postgres: {secretRef: {name: %s-db}, caSecretRef: {name: %s-db}}}\n", name, name)
}

// client goes to the Services by their addresses, as the node itself may. A new connection for each request: one that stays open
// would stay with its pod, and never meet what a fault does to the Service.
func (w *world) client() *http.Client {
	// Long enough for a machine that has to start the API server again meanwhile: what is refused is refused at once.
	dialer := &net.Dialer{Timeout: 8 * time.Second}
	return &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: visitor.NoRedirects,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if known, ok := w.addresses[address]; ok {
					address = known
				}
				return dialer.DialContext(ctx, network, address)
			},
		},
	}
}

// untilReady waits until a GoogleLogin says of its present spec that users can sign in.
func (w *world) untilReady(name string, patience time.Duration) {
	w.Helper()
	eventually(w.T, name+" is Ready", patience, func() bool { return isReady(name) })
}

func isReady(name string) bool {
	out, err := kubectl("get", "googlelogin", name, "-o",
		`jsonpath={.metadata.generation} {.status.observedGeneration} {.status.conditions[?(@.type=="Ready")].status}`)
	fields := strings.Fields(out)
	return err == nil && len(fields) == 3 && fields[0] == fields[1] && fields[2] == "True"
}

func loginManifest(name, spec string) string {
	return fmt.Sprintf(`apiVersion: googlelogin.dev/v1beta1
kind: GoogleLogin
metadata: {name: %s, namespace: %s}
spec:
  client: {secretRef: {name: google-client}}
  redirectURIs: [%s/auth/callback]
  google: {issuer: "http://%s"}
  frontend: {homeURL: %s/, loginURL: %s/login}
  access: {hostedDomains: [example.com]}
%s`, name, namespace, origin, google, origin, origin, spec)
}

// unlimited is for a crowd that has one address and one account.
const unlimited = "rateLimits: {perAddress: 100000, perAccount: 10000}"

const googleManifest = `apiVersion: v1
kind: Secret
metadata: {name: google-client, namespace: ` + namespace + `}
stringData: {client_id: ` + clientID + `, client_secret: ` + clientSecret + `}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: fake-google, namespace: ` + namespace + `}
spec:
  replicas: 1
  selector: {matchLabels: {app: fake-google}}
  template:
    metadata: {labels: {app: fake-google}}
    spec:
      enableServiceLinks: false
      containers:
      - name: fake-google
        image: localhost/fake-google:dev
        imagePullPolicy: IfNotPresent
        args: [--listen=:8080, "--issuer=http://` + google + `", --client-id=` + clientID + `, --auto=ann@example.com]
        env: [{name: FAKE_GOOGLE_CLIENT_SECRET, value: ` + clientSecret + `}, {name: FAKE_GOOGLE_SECOND_CLIENT_SECRET, value: ` + secondSecret + `}]
        readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
        securityContext: {runAsNonRoot: true, runAsUser: 65532}
---
apiVersion: v1
kind: Service
metadata: {name: fake-google, namespace: ` + namespace + `}
spec:
  selector: {app: fake-google}
  ports: [{port: 8080}]
`

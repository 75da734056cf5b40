//go:build e2e

package e2e

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/googlelogin/operator/test/chromium"
)

const (
	shopURL     = "https://shop.localhost:8443/"
	shopLogin   = "https://shop.localhost:8443/login"
	issuer      = "https://shop.localhost:8443/auth"
	accountsURL = "https://accounts.localhost:8443/"
	address     = "127.0.0.1:8443"
	cookieName  = "__Host-shop"

	namespace = "googlelogin-demo"
	system    = "googlelogin-system"
	server    = "shop-googlelogin"

	// patience bounds a wait for something that should happen at once; it only ends a test that hangs.
	patience = 60 * time.Second
)

// world is what every test shares: a browser whose profiles the tests split among themselves, and a client beside it.
type world struct {
	browser context.Context
	client  *http.Client
}

var shared world

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	if err := os.MkdirAll("out", 0o755); err != nil {
		return 1, err
	}
	if err := setUp(); err != nil {
		return 1, err
	}
	roots, err := demoRoots()
	if err != nil {
		return 1, err
	}
	pin, err := authorityPin(roots)
	if err != nil {
		return 1, err
	}
	browser, stop, err := startBrowser(pin)
	if err != nil {
		return 1, err
	}
	defer stop()
	shared = world{browser: browser, client: outsideClient(roots)}
	return m.Run(), nil
}

func setUp() error {
	for _, program := range []string{"kubectl", "helm"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is missing: run `make e2e`, which brings it along", program)
		}
	}
	if os.Getenv("DEMO_IS_UP") != "" {
		return nil
	}
	up := exec.Command("../demo/up.sh")
	up.Stdout, up.Stderr = os.Stderr, os.Stderr
	if err := up.Run(); err != nil {
		return fmt.Errorf("set up the demo with test/demo/up.sh: %w", err)
	}
	return nil
}

// demoRoots fetches the root certificate of the demo's own authority by way of the API server.
func demoRoots() (*x509.CertPool, error) {
	pem, err := kubectl("get", "--raw", "/api/v1/namespaces/"+namespace+"/services/http:caddy:ca/proxy/root.crt")
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(pem)) {
		return nil, errors.New("caddy's root certificate cannot be parsed")
	}
	return roots, nil
}

// authorityPin returns the hash of the public key that signs the demo's certificates. The browser is told to accept chains with
// this key and no others, so every other certificate error still fails a test.
func authorityPin(roots *x509.CertPool) (string, error) {
	conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, ServerName: "shop.localhost"})
	if err != nil {
		return "", fmt.Errorf("reach the demo at %s: %w", address, err)
	}
	defer conn.Close()
	chain := conn.ConnectionState().VerifiedChains[0]
	hash := sha256.Sum256(chain[1].RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(hash[:]), nil
}

func startBrowser(pin string) (context.Context, context.CancelFunc, error) {
	return chromium.Start(
		chromedp.Flag("ignore-certificate-errors-spki-list", pin),
		chromedp.Flag("host-resolver-rules", "MAP *.localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
}

// outsideClient reaches the demo's hosts as the browser does, wherever this machine resolves them to.
func outsideClient(roots *x509.CertPool) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	return &http.Client{
		Timeout: 20 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, address)
			},
		},
	}
}

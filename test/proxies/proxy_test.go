//go:build proxies

package proxies

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/googlelogin/operator/test/standalone"
)

// patience bounds a wait for something that should happen at once; it only ends a test that hangs.
const patience = 45 * time.Second

// change replaces what is in a documented configuration; it must be there.
type change struct{ from, to string }

// kind is a proxy that the documentation has a configuration for.
type kind struct {
	name, document string
	// place fits the configuration to this machine, where the certificate is cert and the proxy may use the folder dir.
	place func(address, dir string) []change
	// bearer makes the proxy hand on the access JWT.
	bearer []change
	// soon makes the proxy give up early, where it can be told to.
	soon []change
	// http2 makes the proxy speak HTTP/2, which most do anyway.
	http2 []change
	// around is what the documentation leaves to its reader.
	around func(config, port, dir string) string
	// files are what the configuration is written to, by their names in dir; "config" if there is none.
	files   func(config string) map[string]string
	command func(dir string) *exec.Cmd
	// ready says whether a proxy that listens already goes by its configuration; nil if it does.
	ready func(p *proxy) bool
	// cleaned are the ambiguous paths that a proxy cleans before anybody sees them, and what comes of them.
	cleaned map[string]string
}

// proxy runs, between its clients and a world.
type proxy struct {
	kind
	w *world
	// address is where it listens, and roots who signed for it.
	address string
	roots   *x509.CertPool
	// http2 says which HTTP its clients speak.
	http2 bool
}

// start runs a proxy with the documented configuration and changes to it. server is whom it asks.
func (k kind) start(t *testing.T, w *world, server string, changes ...change) *proxy {
	t.Helper()
	dir, port := t.TempDir(), standalone.FreePort(t)
	p := &proxy{kind: k, w: w, address: "127.0.0.1:" + port, roots: certificate(t, dir)}
	document, err := os.ReadFile(k.document)
	if err != nil {
		t.Fatal(err)
	}
	config := k.around(string(document), port, dir)
	changes = append(k.place(p.address, dir), changes...)
	changes = append(changes, change{"shop-googlelogin.team.svc:8080", server}, change{"shop.team.svc:8080", w.app.address})
	for _, c := range changes {
		if !strings.Contains(config, c.from) {
			t.Fatalf("%s has no %q", k.document, c.from)
		}
		config = strings.ReplaceAll(config, c.from, c.to)
	}
	files := map[string]string{"config": config}
	if k.files != nil {
		files = k.files(config)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.run(t, k.command(dir))
	return p
}

// run starts the program, waits until it listens, and ends it with the test.
func (p *proxy) run(t *testing.T, command *exec.Cmd) {
	t.Helper()
	said, ended := new(standalone.Log), make(chan error, 1)
	command.Stdout, command.Stderr = said, said
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := command.Start(); err != nil {
		t.Fatalf("start %s: %v: install it, or name it in %s", p.name, err, strings.ToUpper(p.name))
	}
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Logf("%s said:\n%s", p.name, said.End())
		}
	})
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		connection, err := net.Dial("tcp", p.address)
		if err == nil {
			_ = connection.Close()
			if p.ready == nil || p.ready(p) {
				return
			}
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended with %v:\n%s", p.name, err, said)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen: %v", p.name, err)
		}
	}
}

// certificate leaves one for shop.example.com in dir.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"shop.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	for name, block := range map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: der}, "tls.key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		content := pem.EncodeToMemory(block)
		roots.AppendCertsFromPEM(content)
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return roots
}

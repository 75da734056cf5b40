package postgres_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/store/postgres"
	"github.com/googlelogin/operator/server/store/postgres/postgrestest"
)

// authority is somebody's own certificate authority.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "shop-db"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key, der := sign(t, template, nil)
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{certificate, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// serve returns a server that has a certificate for this name, and its key.
func (a authority) serve(t *testing.T, name string) *postgrestest.Server {
	t.Helper()
	key, der := sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, &a)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return postgrestest.StartWith(t, postgrestest.Options{
		Host:        "127.0.0.1",
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}),
	})
}

// sign makes a key and its certificate, by the authority or by itself.
func sign(t *testing.T, template *x509.Certificate, by *authority) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return key, der
}

// TestACertificateAuthorityOfOnesOwn holds the store to the authority that it is given, on a server that speaks TLS and nothing else.
func TestACertificateAuthorityOfOnesOwn(t *testing.T) {
	ours, another := newAuthority(t), newAuthority(t)
	server := ours.serve(t, "localhost")
	for name, row := range map[string]struct {
		host, query string
		ca          []byte
		refused     string
	}{
		"the URI names no mode":               {"localhost", "", ours.pem, ""},
		"verify-full":                         {"localhost", "?sslmode=verify-full", ours.pem, ""},
		"verify-ca asks for no name":          {"127.0.0.1", "?sslmode=verify-ca", ours.pem, ""},
		"a URI with a path of its own":        {"localhost", "?sslmode=verify-full&sslrootcert=/etc/ssl/elsewhere.pem", ours.pem, ""},
		"one CA of several":                   {"localhost", "", append(another.pem[:len(another.pem):len(another.pem)], ours.pem...), ""},
		"another CA":                          {"localhost", "", another.pem, "certificate"},
		"another CA, verify-ca":               {"localhost", "?sslmode=verify-ca", another.pem, "certificate"},
		"another host, the URI names no mode": {"127.0.0.1", "", ours.pem, "certificate"},
		"another host":                        {"127.0.0.1", "?sslmode=verify-full", ours.pem, "certificate"},
		"a mode that looks at nothing":        {"localhost", "?sslmode=require", ours.pem, `sslmode="require"`},
		"a mode that takes what it gets":      {"localhost", "?sslmode=prefer", ours.pem, `sslmode="prefer"`},
		"no TLS":                              {"localhost", "?sslmode=disable", ours.pem, `sslmode="disable"`},
		"a CA that is none":                   {"localhost", "", []byte("canary"), "no certificate in PEM"},
		"verify-full by the system's roots":   {"localhost", "?sslmode=verify-full", nil, "certificate"},
		"a mode in the URI a second time":     {"localhost", "?sslmode=verify-full&sslmode=disable", ours.pem, "sslmode twice"},
	} {
		t.Run(name, func(t *testing.T) {
			o := postgres.Options{Instance: "team/shop"}
			o.URIFile = postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), server.RemoteURI(row.host)+row.query)
			if row.ca != nil {
				o.CAFile = writeCA(t, filepath.Join(t.TempDir(), "ca.crt"), row.ca)
			}
			err := reach(t, o)
			if (row.refused == "") != (err == nil) {
				t.Fatalf("error %v, want one with %q", err, row.refused)
			}
			if err != nil && (!strings.Contains(err.Error(), row.refused) || strings.Contains(err.Error(), "canary")) {
				t.Errorf("error %v, want one with %q and without the password", err, row.refused)
			}
		})
	}
}

// reach opens a store and asks it once.
func reach(t *testing.T, o postgres.Options) error {
	t.Helper()
	store, err := postgres.Open(t.Context(), o)
	if err != nil {
		return err
	}
	t.Cleanup(func() { _ = store.Close() })
	return store.Ping(t.Context())
}

func TestANewAuthorityNeedsNoRestart(t *testing.T) {
	ours, another := newAuthority(t), newAuthority(t)
	server := ours.serve(t, "localhost")
	ca := filepath.Join(t.TempDir(), "ca.crt")
	store, err := postgres.Open(t.Context(), postgres.Options{
		URIFile:  postgrestest.WriteURI(t, filepath.Join(t.TempDir(), "uri"), server.RemoteURI("localhost")),
		CAFile:   writeCA(t, ca, ours.pem),
		Instance: "team/shop",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, step := range []struct {
		name   string
		ca     []byte
		reload bool
		good   bool
	}{
		{"the authority changes, and the server's certificate has not", another.pem, true, false},
		{"a file that is none is refused, and the one before stays", []byte("none"), false, false},
		{"the right one is back", ours.pem, true, true},
		{"a file that is none changes nothing", []byte("none"), false, true},
	} {
		writeCA(t, ca, step.ca)
		if err := store.Reload(); (err == nil) != step.reload {
			t.Fatalf("%s: reload: %v", step.name, err)
		}
		if err := store.Ping(t.Context()); (err == nil) != step.good {
			t.Errorf("%s: %v", step.name, err)
		}
	}
}

func writeCA(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return path
}

package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzConfig(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("apiVersion: server.googlelogin.dev/v1\ninstance: a/b\nx: *y\n"))
	f.Add([]byte(`{"apiVersion":"server.googlelogin.dev/v1","instance":"a/b","issuer":"https://a.b/auth","redirectURIs":["https://a.b/auth/cb"],
		"client":{"credentialsFile":"/c"},"frontend":{"homeURL":"https://a.b/"},"session":{"audiences":["a"],"cookie":{"name":"__Host-a"}},
		"keys":{"signingFile":"/s","sealingFile":"/e"}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := parse(content)
		if err != nil {
			return
		}
		written, err := c.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parse(written)
		if err != nil {
			t.Fatalf("a configuration that was accepted is refused when written anew: %v", err)
		}
		// A list that is there and empty comes back as none.
		if diff := cmp.Diff(c, again, cmp.Transformer("list", func(in []string) []string { return append([]string{}, in...) })); diff != "" {
			t.Errorf("configuration (-first +second):\n%s", diff)
		}
	})
}

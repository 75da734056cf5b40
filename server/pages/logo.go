package pages

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/googlelogin/operator/server/config"
)

// logo is the picture above the heading.
type logo struct {
	URL, Alt  string
	mediaType string
	data      []byte
	etag      string
}

func newLogo(l *config.Logo, base, site string) *logo {
	if l == nil {
		return nil
	}
	sum := sha256.Sum256(l.Data)
	return &logo{
		URL: base + "/logo", Alt: cmp.Or(l.Alt, site), mediaType: l.MediaType, data: l.Data,
		etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
	}
}

// HasLogo says whether there is a picture to serve.
func (p *Pages) HasLogo() bool { return p.logo != nil }

// Logo serves the picture. Whatever bytes the configuration holds, a browser that opens this address takes them for a picture of
// that type or for nothing, and runs nothing in it.
func (p *Pages) Logo(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", p.logo.mediaType)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	// Not for long: the address stays when the picture changes.
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("ETag", p.logo.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.logo.data))
}

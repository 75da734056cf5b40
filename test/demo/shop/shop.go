package main

import (
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/googlelogin/operator/docs/frontend"
)

//go:embed web
var content embed.FS

// newShop returns every route of the shop.
func newShop(log *slog.Logger, v *verifier) (http.Handler, error) {
	web, err := fs.Sub(content, "web")
	if err != nil {
		return nil, fmt.Errorf("open the embedded pages: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", page(web, "index.html"))
	mux.Handle("GET /orders/{id}", page(web, "index.html"))
	mux.Handle("GET /login", page(web, "login.html"))
	mux.Handle("GET /assets/", http.FileServerFS(web))
	for _, name := range []string{"googlelogin.js", "googlelogin.css"} {
		mux.Handle("GET /assets/"+name, page(frontend.Files, name))
	}
	mux.Handle("GET /api/hello", hello(log, v))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	return logged(log, secured(mux)), nil
}

func page(web fs.FS, name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, web, name)
	})
}

// secured sets what every answer carries. No inline script and no foreign host: a page that shows who is signed in should not
// run what somebody else put there.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// logged writes one line per request: the path without its query, which may hold where a user wanted to go.
func logged(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		if r.URL.Path == "/healthz" {
			return
		}
		log.Info("request", "method", r.Method, "path", r.URL.Path, "status", seen.status, "duration", time.Since(began).String())
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

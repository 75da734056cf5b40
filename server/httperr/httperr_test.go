package httperr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// plainPages writes the page's fields, so that a test can read them.
type plainPages struct{}

func (plainPages) ErrorPage(w http.ResponseWriter, _ *http.Request, p Page) {
	w.WriteHeader(p.Status)
	_, _ = fmt.Fprintf(w, "page %s %s", p.Code, p.Param)
}

func (plainPages) Message(code Code) string { return "text of " + string(code) }

func answerTo(t *testing.T, err error, headers ...string) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	NewAdaptor(plainPages{}, slog.New(slog.NewJSONHandler(&log, nil))).
		Handle(func(http.ResponseWriter, *http.Request) error { return err }).ServeHTTP(w, r)
	return w, log.String()
}

func TestAdaptor_ChoosesBetweenPageAndJSON(t *testing.T) {
	rows := map[string]struct {
		headers []string
		page    bool
	}{
		"navigation":                    {[]string{"Sec-Fetch-Dest", "document", "Accept", "text/html"}, true},
		"old browser":                   {[]string{"Accept", "text/html,*/*"}, true},
		"fetch":                         {[]string{"Sec-Fetch-Dest", "empty", "Accept", "*/*"}, false},
		"fetch that would like HTML":    {[]string{"Sec-Fetch-Dest", "empty", "Accept", "text/html"}, false},
		"XMLHttpRequest":                {[]string{"X-Requested-With", "XMLHttpRequest", "Accept", "text/html"}, false},
		"image":                         {[]string{"Sec-Fetch-Dest", "image"}, false},
		"script without any preference": {nil, false},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			w, _ := answerTo(t, BadParam("prompt", nil), row.headers...)
			if got := strings.HasPrefix(w.Body.String(), "page "); got != row.page || w.Code != 400 {
				t.Errorf("status %d, page: %v, want %v", w.Code, got, row.page)
			}
		})
	}
}

func TestAdaptor_KeepsTheCauseInTheLog(t *testing.T) {
	w, log := answerTo(t, fmt.Errorf("open vault: %w", errors.New("inner cause")))
	if strings.Contains(w.Body.String(), "cause") || w.Code != 500 {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	var got body
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(body{Error: ServerError, Message: "text of server_error"}, got); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, "inner cause") || !strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("log: %s", log)
	}
	if _, log := answerTo(t, BadParam("prompt", errors.New("odd"))); !strings.Contains(log, `"level":"INFO"`) {
		t.Errorf("a stranger's mistake is logged as %s", log)
	}
}

func TestAdaptor_FindsTheErrorInAChain(t *testing.T) {
	e := Unavailable(errors.New("store"))
	e.RetryAfter = 7 * time.Second
	w, _ := answerTo(t, fmt.Errorf("handler: %w", e))
	if w.Code != 503 || w.Header().Get("Retry-After") != "7" {
		t.Errorf("status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	w, _ = answerTo(t, &Error{Status: 405, Code: MethodNotAllowed, Allow: []string{"GET", "OPTIONS"}})
	if w.Header().Get("Allow") != "GET, OPTIONS" {
		t.Errorf("Allow %q", w.Header().Get("Allow"))
	}
}

func TestLoginCode_ListIsClosed(t *testing.T) {
	for _, code := range LoginCodes() {
		if LoginCode(string(code)) != code {
			t.Errorf("%s is not itself", code)
		}
		if status := code.Status(); status < 400 || status > 599 {
			t.Errorf("%s has status %d", code, status)
		}
	}
	if len(LoginCodes()) != 15 {
		t.Errorf("%d codes, want the 15 that front ends were promised", len(LoginCodes()))
	}
	for _, stranger := range []string{"", "<script>", "not_found", "ACCESS_DENIED", "access_denied "} {
		if got := LoginCode(stranger); got != Unknown {
			t.Errorf("%q is %s, want unknown", stranger, got)
		}
	}
}

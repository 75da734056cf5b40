package nonce

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/googlelogin/operator/server/httperr"
)

// Handler gives nonces to pages and apps.
type Handler struct {
	// Pages and Apps are the kinds of nonces that there are; nil for a kind that is not enabled.
	Pages *Pages
	Apps  *Apps
	// ReturnTo is raw if a login may end there, else empty.
	ReturnTo func(r *http.Request, raw string) string
	// Ready tells why a login could not be finished now.
	Ready func() error
}

// answer is the JSON of GET {base}/nonce.
type answer struct {
	Nonce     string    `json:"nonce"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Serve answers GET {base}/nonce?return_to= to a page that renders Google's button by itself, and GET
// {base}/nonce?for=token&code_challenge= to an app. The first one sets a cookie.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request) error {
	query, err := parse(r.URL.RawQuery)
	if err != nil {
		return err
	}
	if err := h.Ready(); err != nil {
		return httperr.Unavailable(fmt.Errorf("issue nonce: %w", err))
	}
	switch kind := query.Get("for"); {
	case kind == "" && h.Pages != nil:
		return h.servePage(w, r, query.Get("return_to"))
	case kind == "token" && h.Apps != nil:
		return h.serveApp(w, query.Get("code_challenge"))
	case kind == "" || kind == "token":
		return httperr.New(http.StatusNotFound, httperr.NotFound, nil)
	}
	return httperr.BadParam("for", errors.New(`not "token"`))
}

func (h *Handler) servePage(w http.ResponseWriter, r *http.Request, returnTo string) error {
	page, err := h.issue(w, r, returnTo)
	if err != nil {
		return fmt.Errorf("issue nonce: %w", err)
	}
	httperr.WriteJSON(w, http.StatusOK, answer{page.Nonce, page.ExpiresAt})
	return nil
}

func (h *Handler) serveApp(w http.ResponseWriter, rawChallenge string) error {
	var challenge [sha256.Size]byte
	if rawChallenge != "" {
		var err error
		if challenge, err = ParseChallenge(rawChallenge); err != nil {
			return httperr.BadParam("code_challenge", err)
		}
	}
	nonce, app, err := h.Apps.Issue(challenge)
	if err != nil {
		return fmt.Errorf("issue nonce: %w", err)
	}
	httperr.WriteJSON(w, http.StatusOK, answer{nonce, app.ExpiresAt})
	return nil
}

// IssueNonce makes the nonce of a page that this server shows itself, with the return_to of the page's own address.
func (h *Handler) IssueNonce(w http.ResponseWriter, r *http.Request) (string, error) {
	page, err := h.issue(w, r, r.URL.Query().Get("return_to"))
	return page.Nonce, err
}

// issue leaves a return_to out that is not allowed, or too long for a cookie: the user did nothing wrong and comes home instead.
func (h *Handler) issue(w http.ResponseWriter, r *http.Request, returnTo string) (Page, error) {
	page, err := h.Pages.Issue(w, r, h.ReturnTo(r, returnTo))
	if errors.Is(err, ErrTooLong) {
		return h.Pages.Issue(w, r, "")
	}
	return page, err
}

func parse(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, httperr.New(http.StatusBadRequest, httperr.InvalidRequest, errors.New("malformed query"))
	}
	for _, name := range []string{"for", "return_to", "code_challenge"} {
		if len(query[name]) > 1 {
			return nil, httperr.BadParam(name, errors.New("given twice"))
		}
	}
	return query, nil
}

package admin

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	strictjson "sigs.k8s.io/json"

	"github.com/googlelogin/operator/server/identity"
	"github.com/googlelogin/operator/server/users"
)

const (
	defaultLimit, maxLimit = 50, 200
	// maxPrefix is the longest email there is.
	maxPrefix = 254
	// maxSubject is the longest sub of Google's.
	maxSubject = 255
)

var (
	idPattern      = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	subjectPattern = regexp.MustCompile(`^[!-~]+$`)
)

// target is the user that a call without parameters and body is about.
func (r request) target() (string, error) {
	if err := r.noQuery(); err != nil {
		return "", err
	}
	if err := r.noBody(); err != nil {
		return "", err
	}
	return r.userID()
}

// userID is the user that the path names. What no user of ours can be called is looked up nowhere.
func (r request) userID() (string, error) {
	id := r.PathValue("id")
	if !idPattern.MatchString(id) {
		return "", users.ErrNotFound
	}
	return id, nil
}

// noQuery refuses parameters where there are none: whoever sends one expects an effect.
func (r request) noQuery() error {
	_, err := r.query()
	return err
}

// noBody refuses a body, for the same reason.
func (r request) noBody() error {
	if n, _ := r.Body.Read(make([]byte, 1)); n > 0 {
		return invalid("", "this call takes no body")
	}
	return nil
}

// query reads the parameters, each of which may be there once, and not empty.
func (r request) query(known ...string) (map[string]string, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("", "the query is malformed")
	}
	found := map[string]string{}
	for name, value := range values {
		switch {
		case !slices.Contains(known, name):
			return nil, invalid("", "the query has a parameter that is not known here")
		case len(value) != 1 || value[0] == "":
			return nil, invalid(name, "is empty, or there twice")
		}
		found[name] = value[0]
	}
	return found, nil
}

// search is what a list is asked for: one user by what they have exactly, or a page.
type search struct {
	email, subject string
	page           users.Page
}

// one says that the search is for one user.
func (s search) one() bool { return s.email != "" || s.subject != "" }

func parseSearch(r request) (search, error) {
	query, err := r.query("limit", "cursor", "email", "email_prefix", "subject")
	if err != nil {
		return search{}, err
	}
	s := search{subject: query["subject"], page: users.Page{Limit: defaultLimit, Prefix: strings.ToLower(query["email_prefix"])}}
	if query["email"] != "" {
		var ok bool
		if s.email, ok = identity.CanonicalEmail(query["email"]); !ok {
			return search{}, invalid("email", "is not an email")
		}
	}
	switch {
	case !atMostOne(query["email"], query["email_prefix"], query["subject"]):
		return search{}, invalid("", "search by one of email, email_prefix and subject")
	case s.subject != "" && !isSubject(s.subject):
		return search{}, invalid("subject", "is no sub of a Google account")
	case !isPrefix(query["email_prefix"]):
		return search{}, invalid("email_prefix", "is longer than an email, or has characters that none has")
	}
	if limit := query["limit"]; limit != "" {
		s.page.Limit, err = strconv.Atoi(limit)
		if err != nil || s.page.Limit < 1 || s.page.Limit > maxLimit {
			return search{}, invalid("limit", "must be a number from 1 to 200")
		}
	}
	if text := query["cursor"]; text != "" {
		s.page.After, err = parseCursor(text, s.page.Prefix)
	}
	return s, err
}

func atMostOne(values ...string) bool {
	given := slices.DeleteFunc(values, func(v string) bool { return v == "" })
	return len(given) <= 1
}

func isSubject(subject string) bool {
	return len(subject) <= maxSubject && subjectPattern.MatchString(subject)
}

func isPrefix(prefix string) bool {
	return len(prefix) <= maxPrefix && utf8.ValidString(prefix) && !strings.ContainsFunc(prefix, unicode.IsControl)
}

// cursor says where a list goes on. It is no secret from whoever may see the list, and proves nothing.
type cursor struct {
	Prefix string `json:"p,omitempty"`
	After  string `json:"a"`
}

func (c cursor) text() string {
	content, err := json.Marshal(c)
	if err != nil {
		panic("two strings cannot be JSON")
	}
	return base64.RawURLEncoding.EncodeToString(content)
}

// parseCursor takes a cursor of a list with the same prefix alone: in another list it would leave users out.
func parseCursor(text, prefix string) (after string, err error) {
	content, err := base64.RawURLEncoding.Strict().DecodeString(text)
	var c cursor
	if err == nil {
		err = json.Unmarshal(content, &c)
	}
	if err != nil || c.After == "" || c.Prefix != prefix || !utf8.ValidString(c.After) || strings.ContainsRune(c.After, 0) {
		return "", invalid("cursor", "is not the next_cursor of a list with this email_prefix")
	}
	return c.After, nil
}

// readJSON reads the body strictly: one document with known fields, each there once and spelt exactly.
func (r request) readJSON(into any) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return &problem{status: http.StatusUnsupportedMediaType, code: CodeUnsupportedMediaType, detail: "send application/json"}
	}
	content, err := io.ReadAll(r.Body)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return &problem{status: http.StatusRequestEntityTooLarge, code: CodeInvalidRequest, detail: "the body is longer than 4 KiB"}
	case err != nil:
		return invalid("", "the body ended early")
	}
	unknown, err := strictjson.UnmarshalStrict(content, into)
	if err != nil || len(unknown) > 0 {
		return invalid("", "the body is not JSON with the documented fields, each of them once")
	}
	return nil
}

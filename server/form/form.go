// Package form reads the bodies of POSTs that come from elsewhere: small forms, in the one encoding that HTML and OAuth share, in
// which nothing is said twice.
package form

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// MaxBytes bounds a form. The longest field of ours is an ID token, 8 KiB.
const MaxBytes = 24 << 10

var (
	// ErrType says that the body is no form. A page can make a browser send text/plain, or JSON that calls itself so, to any site
	// without asking first; what is no form is therefore never looked at.
	ErrType = errors.New("content type is not application/x-www-form-urlencoded")
	// ErrTooLong says that the body has more than MaxBytes.
	ErrTooLong = errors.New("form is too long")
	// ErrMalformed says that the body cannot be read in one way only.
	ErrMalformed = errors.New("malformed form")
)

// Read returns the fields of the request's body. The query does not count.
func Read(r *http.Request) (url.Values, error) {
	if err := checkType(r.Header.Values("Content-Type")); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBytes+1))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong) || len(body) > MaxBytes:
		return nil, ErrTooLong
	case err != nil:
		return nil, fmt.Errorf("%w: body ended early", ErrMalformed)
	}
	return Parse(string(body))
}

// Parse returns the fields of a form. A field that comes twice is an attempt to make two readers see different things.
func Parse(body string) (url.Values, error) {
	fields, err := url.ParseQuery(body)
	if err != nil {
		return nil, ErrMalformed
	}
	for _, values := range fields {
		if len(values) > 1 {
			return nil, fmt.Errorf("%w: a field is given twice", ErrMalformed)
		}
	}
	return fields, nil
}

// checkType takes the one type, and UTF-8 as its charset, which browsers name when a script sends the form.
func checkType(headers []string) error {
	if len(headers) != 1 {
		return ErrType
	}
	media, params, err := mime.ParseMediaType(headers[0])
	if err != nil || media != "application/x-www-form-urlencoded" {
		return ErrType
	}
	for name, value := range params {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return ErrType
		}
	}
	return nil
}

// Status is the HTTP status for an error of Read.
func Status(err error) int {
	switch {
	case errors.Is(err, ErrType):
		return http.StatusUnsupportedMediaType
	case errors.Is(err, ErrTooLong):
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

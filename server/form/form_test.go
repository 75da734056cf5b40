package form_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/googlelogin/operator/server/form"
)

func request(body io.Reader, contentTypes ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/x?query=unread", body)
	for _, value := range contentTypes {
		r.Header.Add("Content-Type", value)
	}
	return r
}

const urlencoded = "application/x-www-form-urlencoded"

func TestRead_TakesFieldsOfTheBodyAlone(t *testing.T) {
	got, err := form.Read(request(strings.NewReader("a=1&b=%20x+y&c="), urlencoded))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(url.Values{"a": {"1"}, "b": {" x y"}, "c": {""}}, got); diff != "" {
		t.Error(diff)
	}
}

// endsEarly is a body whose client went away.
type endsEarly struct{ io.Reader }

func (e endsEarly) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestRead_Refuses(t *testing.T) {
	long := "a=" + strings.Repeat("a", form.MaxBytes-2)
	for name, row := range map[string]struct {
		request *http.Request
		want    error
		status  int
	}{
		"J6 no type":              {request(strings.NewReader("a=1")), form.ErrType, 415},
		"J6 another type":         {request(strings.NewReader("a=1"), "text/plain"), form.ErrType, 415},
		"J6 two types":            {request(strings.NewReader("a=1"), urlencoded, "text/plain"), form.ErrType, 415},
		"J6 a type and a tail":    {request(strings.NewReader("a=1"), urlencoded+"x"), form.ErrType, 415},
		"J6 charset that folds":   {request(strings.NewReader("a=1"), urlencoded+"; charset=utf-16"), form.ErrType, 415},
		"a field twice":           {request(strings.NewReader("a=1&a=1"), urlencoded), form.ErrMalformed, 400},
		"twice, once escaped":     {request(strings.NewReader("a=1&%61=1"), urlencoded), form.ErrMalformed, 400},
		"semicolons":              {request(strings.NewReader("a=1;b=2"), urlencoded), form.ErrMalformed, 400},
		"bad escape":              {request(strings.NewReader("a=%"), urlencoded), form.ErrMalformed, 400},
		"a byte too many":         {request(strings.NewReader(long+"a"), urlencoded), form.ErrTooLong, 413},
		"an upload that breaks":   {request(endsEarly{strings.NewReader("a=1")}, urlencoded), form.ErrMalformed, 400},
		"more than anybody reads": {limited(request(strings.NewReader(long), urlencoded)), form.ErrTooLong, 413},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := form.Read(row.request)
			if !errors.Is(err, row.want) || form.Status(err) != row.status {
				t.Errorf("error %v, status %d, want %v, %d", err, form.Status(err), row.want, row.status)
			}
		})
	}
	if _, err := form.Read(request(strings.NewReader(long), urlencoded)); err != nil {
		t.Errorf("the longest form: %v", err)
	}
}

func limited(r *http.Request) *http.Request {
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 100)
	return r
}

func FuzzForm(f *testing.F) {
	for _, seed := range []string{"a=1&b=2", "a=1&a=2", "a=%00", "a;b", "=&=", "%61=1&a=1", "+=1&%20=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		fields, err := form.Parse(body)
		if err != nil {
			return
		}
		again, err := form.Parse(fields.Encode())
		if err != nil || !cmp.Equal(fields, again) {
			t.Errorf("%q: %v becomes %v, %v", body, fields, again, err)
		}
		if named := strings.FieldsFunc(body, func(r rune) bool { return r == '&' }); len(fields) != len(named) {
			t.Errorf("%q: %d fields of %d", body, len(fields), len(named))
		}
	})
}

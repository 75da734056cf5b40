package crash_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/googlelogin/operator/server/crash"
)

func TestContain_TellsWhereAndNotWhat(t *testing.T) {
	const secret = "canary-in-a-panic"
	for name, value := range map[string]any{
		"a text": secret, "an error": errors.New(secret), "a struct": struct{ Token string }{secret}, "nothing": nil,
	} {
		var written bytes.Buffer
		err := crash.Contain(t.Context(), slog.New(slog.NewTextHandler(&written, nil)), "sweep", func() error { panic(value) })
		if !errors.Is(err, crash.ErrPanicked) || !strings.HasPrefix(err.Error(), "sweep: ") {
			t.Errorf("%s: error %v", name, err)
		}
		for _, want := range []string{"msg=panic", "in=sweep", "TestContain"} {
			if !strings.Contains(written.String(), want) {
				t.Errorf("%s: the log lacks %s: %s", name, want, &written)
			}
		}
		if strings.Contains(fmt.Sprintf("%+v %#v %s", err, err, &written), secret) {
			t.Errorf("%s: the value got out: %v %s", name, err, &written)
		}
	}
}

func TestContain_ReturnsWhatWasReturned(t *testing.T) {
	want := errors.New("no")
	for _, returned := range []error{nil, want} {
		if got := crash.Contain(t.Context(), slog.New(slog.DiscardHandler), "sweep", func() error { return returned }); !errors.Is(got, returned) {
			t.Errorf("error %v, want %v", got, returned)
		}
	}
}

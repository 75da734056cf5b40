package refresh

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/googlelogin/operator/server/identity"
)

var start = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

// chain is a family whose current token is the last one, rotated at start, and all its tokens, the first at index 1.
func chain(t *testing.T, length int) (Family, []Token) {
	t.Helper()
	f := Family{Session: identity.Session{ID: base64.RawURLEncoding.EncodeToString(make([]byte, idBytes))}, RotatedAt: start}
	first := Token{SessionID: f.Session.ID, Number: 1}
	for _, random := range [][]byte{f.Salt[:], first.secret[:]} {
		if _, err := rand.Read(random); err != nil {
			t.Fatal(err)
		}
	}
	tokens := []Token{{}, first}
	for len(tokens) <= length {
		tokens = append(tokens, tokens[len(tokens)-1].next(f.Salt))
	}
	last := tokens[length]
	f.Number, f.Hash = last.Number, last.hash()
	return f, tokens
}

func TestJudge(t *testing.T) {
	f, tokens := chain(t, 5)
	newest, first := chain(t, 1)
	other, _ := chain(t, 5)
	other.Session.ID = f.Session.ID
	_, strangers := chain(t, 6)
	ahead := tokens[5].next(f.Salt)
	renumbered := tokens[3]
	renumbered.Number = 5
	// The current one of its family, but for the bound.
	far := Token{SessionID: f.Session.ID, Number: maxNumber + 1}
	elsewhere := tokens[5]
	elsewhere.SessionID = base64.RawURLEncoding.EncodeToString([]byte("another session!"))
	for name, row := range map[string]struct {
		family Family
		token  Token
		after  time.Duration
		want   finding
		next   Token
	}{
		"the current one":                                     {f, tokens[5], Grace, current, ahead},
		"H97 the current one, at once":                        {f, tokens[5], 0, repeated, tokens[5]},
		"H97 the current one, at the grace's end":             {f, tokens[5], Grace - 1, repeated, tokens[5]},
		"the first one, at once":                              {newest, first[1], 0, current, first[1].next(newest.Salt)},
		"the current one, a month later":                      {f, tokens[5], 720 * time.Hour, current, ahead},
		"H97 the one before, at once":                         {f, tokens[4], 0, repeated, tokens[5]},
		"H97 the one before, at the grace's end":              {f, tokens[4], Grace - 1, repeated, tokens[5]},
		"H96 the one before, after the grace":                 {f, tokens[4], Grace, reused, Token{}},
		"H96 two before, at once":                             {f, tokens[3], 0, reused, Token{}},
		"H96 the very first":                                  {f, tokens[1], 0, reused, Token{}},
		"one that was not given out yet":                      {f, ahead, 0, unknown, Token{}},
		"H99 a token of another family":                       {f, strangers[5], 0, unknown, Token{}},
		"H99 a token of another family, further back":         {f, strangers[2], 0, unknown, Token{}},
		"H99 the same token under another family's salt":      {other, tokens[5], 0, unknown, Token{}},
		"H99 an old one under another family's salt":          {other, tokens[2], 0, unknown, Token{}},
		"H100 an old one's bits under the current number":     {f, renumbered, 0, unknown, Token{}},
		"H99 the right bits under another session's ID":       {f, elsewhere, 0, unknown, Token{}},
		"a family that went further than anybody has to walk": {Family{Session: f.Session, Number: far.Number, Hash: far.hash()}, far, 0, unknown, Token{}},
	} {
		found, next := row.family.judge(row.token, start.Add(row.after))
		if found != row.want || next != row.next {
			t.Errorf("%s: %d and another successor: %t, want %d", name, found, next != row.next, row.want)
		}
	}
}

func TestParse_TakesEachTokenInOneSpellingOnly(t *testing.T) {
	_, tokens := chain(t, 3)
	text, ok := tokens[3].Text()
	if !ok {
		t.Fatal("no text")
	}
	if parsed, ok := Parse(text); !ok || parsed != tokens[3] {
		t.Fatal("a token is not what it was")
	}
	zero, _ := Token{SessionID: tokens[3].SessionID}.Text()
	for name, spelling := range map[string]string{
		"empty": "", "prefix alone": prefix, "H100 truncated": text[:len(text)-1], "H100 extended": text + "A", "H100 extended by four": text + "AAAA",
		"padded": text + "=", "without prefix": strings.TrimPrefix(text, prefix), "prefix in capitals": strings.ToUpper(prefix) + text[len(prefix):],
		"space before": " " + text, "line break after": text + "\n", "line break within": text[:20] + "\n" + text[21:], "standard base64": prefix + strings.Repeat("+", len(text)-len(prefix)),
		"number 0": zero, "huge": prefix + strings.Repeat("A", 1<<16),
	} {
		if _, ok := Parse(spelling); ok {
			t.Errorf("takes %s", name)
		}
	}
	for i := range text {
		for _, to := range []byte{'A', 'B', 'Q', 'g', '_'} {
			changed := text[:i] + string(to) + text[i+1:]
			if parsed, ok := Parse(changed); ok && changed != text && parsed == tokens[3] {
				t.Errorf("H100 another character at %d spells the same token", i)
			}
		}
	}
}

func TestToken_PrintsNothingThatOpens(t *testing.T) {
	_, tokens := chain(t, 2)
	text, _ := tokens[2].Text()
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		printed := fmt.Sprintf(format, tokens[2]) + tokens[2].LogValue().String()
		if strings.Contains(printed, text[len(prefix):]) || strings.Contains(printed, fmt.Sprint(tokens[2].secret)) {
			t.Errorf("%s prints %s", format, printed)
		}
	}
}

func FuzzRefreshToken(f *testing.F) {
	for _, seed := range []string{"", prefix, prefix + strings.Repeat("A", 70), prefix + "AAAAAAAAAAAAAAAAAAAAAAAAAAE" + strings.Repeat("_", 43)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token, ok := Parse(text)
		if !ok {
			return
		}
		if again, ok := token.Text(); !ok || again != text {
			t.Errorf("%q comes out as %q", text, again)
		}
	})
}

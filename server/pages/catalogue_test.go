package pages

import (
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/text/language"

	"github.com/googlelogin/operator/server/httperr"
)

func TestCatalogue_HasATextForEveryCode(t *testing.T) {
	p := newPages(t, nil)
	codes := append(httperr.LoginCodes(), httperr.InvalidRequest, httperr.Unauthenticated, httperr.Forbidden, httperr.NotFound,
		httperr.MethodNotAllowed, httperr.Misdirected, httperr.HeaderTooLarge, httperr.UnsupportedGrantType)
	for _, code := range codes {
		for _, part := range []string{".title", ".text"} {
			if p.texts.texts[0][string(code)+part] == "" {
				t.Errorf("no text %s%s", code, part)
			}
		}
	}
}

func TestCatalogue_TakesTranslationsAsFiles(t *testing.T) {
	files := fstest.MapFS{
		"texts/de.json": {Data: []byte(`{"a": "deutsch", "b": "nach {site}"}`)},
		"texts/en.json": {Data: []byte(`{"a": "english", "b": "to {site}"}`)},
		"texts/af.json": {Data: []byte(`{"a": "afrikaans", "b": "na {site}"}`)},
	}
	c, err := loadCatalogue(files)
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"de-AT,de;q=0.9,en;q=0.8": "deutsch", "en-GB": "english", "": "english", "ja": "english", "af": "afrikaans",
		strings.Repeat("de,", 1000): "english", "\x00;;;q=z": "english",
	} {
		if _, texts := c.choose(header); texts["a"] != want {
			t.Errorf("Accept-Language %.20q gets %s, want %s", header, texts["a"], want)
		}
	}
	for name, content := range map[string]string{"a missing key": `{"a": "x"}`, "an unknown key": `{"a": "x", "b": "to {site}", "c": "y"}`, "an empty text": `{"a": "", "b": "to {site}"}`, "a lost placeholder": `{"a": "x", "b": "to"}`,
		"a misspelt placeholder": `{"a": "x", "b": "to {sit}"}`, "a placeholder twice": `{"a": "x", "b": "{site} {site}"}`,
		"no JSON": `{`,
	} {
		files["texts/de.json"] = &fstest.MapFile{Data: []byte(content)}
		if _, err := loadCatalogue(files); err == nil {
			t.Errorf("took a translation with %s", name)
		}
	}
}

func TestCatalogue_SpeaksTheLanguagesItPromises(t *testing.T) {
	p := newPages(t, nil)
	for _, want := range []string{"en", "de", "fr", "es", "ja", "bg"} {
		tag, texts := p.texts.choose(want)
		if tag.String() != want {
			t.Errorf("%s is answered in %s", want, tag)
		}
		same := 0
		for key, text := range p.texts.texts[0] {
			if texts[key] == text && !strings.HasPrefix(text, "{") {
				same++
			}
		}
		if want != "en" && same > 0 {
			t.Errorf("%d texts of %s are the English ones", same, want)
		}
	}
	if got := len(p.texts.tags); got != 6 {
		t.Errorf("%d languages", got)
	}
}

func TestDirection_IsThatOfTheScript(t *testing.T) {
	for lang, want := range map[string]string{
		"en": "ltr", "ja": "ltr", "bg": "ltr", "ar": "rtl", "he": "rtl", "fa": "rtl", "ur": "rtl", "dv": "rtl", "az-Arab": "rtl", "az": "ltr",
	} {
		if got := direction(language.MustParse(lang)); got != want {
			t.Errorf("%s runs %s, want %s", lang, got, want)
		}
	}
}

func TestFill_SetsValuesApart(t *testing.T) {
	got := fill("{browser} on {system}, {browser}", "browser", "{system}", "system", "Linux")
	if want := "\u2068{system}\u2069 on \u2068Linux\u2069, \u2068{system}\u2069"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

package pages

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

//go:embed texts/*.json
var textFiles embed.FS

// original is the language that every other one is a translation of, and the one for readers of none.
const original = "en"

// texts are the messages of one language by their keys.
type texts map[string]string

// catalogue has the texts of every language. A language is a file texts/<tag>.json with the keys of texts/en.json.
type catalogue struct {
	matcher language.Matcher
	tags    []language.Tag
	texts   []texts
}

func loadCatalogue(files fs.FS) (*catalogue, error) {
	names, err := fs.Glob(files, "texts/*.json")
	if err != nil {
		return nil, fmt.Errorf("list texts: %w", err)
	}
	// The matcher falls back to its first language.
	first := "texts/" + original + ".json"
	names = append([]string{first}, slices.DeleteFunc(names, func(name string) bool { return name == first })...)
	c := new(catalogue)
	for _, name := range names {
		if err := c.add(files, name); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	c.matcher = language.NewMatcher(c.tags)
	return c, nil
}

func (c *catalogue) add(files fs.FS, name string) error {
	tag, err := language.Parse(strings.TrimSuffix(path.Base(name), ".json"))
	if err != nil {
		return err
	}
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	var t texts
	if err := json.Unmarshal(content, &t); err != nil {
		return err
	}
	if len(c.texts) > 0 {
		if err := sameKeys(c.texts[0], t); err != nil {
			return err
		}
	}
	c.tags, c.texts = append(c.tags, tag), append(c.texts, t)
	return nil
}

func sameKeys(want, got texts) error {
	var problems []string
	for key, text := range want {
		if got[key] == "" {
			problems = append(problems, "lacks "+key)
			continue
		}
		if p, q := placeholders(text), placeholders(got[key]); !slices.Equal(p, q) {
			problems = append(problems, fmt.Sprintf("has %v instead of %v in %s", q, p, key))
		}
	}
	for key := range got {
		if _, known := want[key]; !known {
			problems = append(problems, "has unknown "+key)
		}
	}
	if len(problems) == 0 {
		return nil
	}
	slices.Sort(problems)
	return fmt.Errorf("%s", strings.Join(problems, ", "))
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// placeholders are those of a text, each as often as it occurs.
func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return found
}

// fill puts values in the place of their names: fill("to {site}", "site", "Shop"). Each value is set apart by Unicode's isolates,
// so that a name in Hebrew does not turn an English sentence around.
func fill(text string, namesAndValues ...string) string {
	const firstStrongIsolate, popDirectionalIsolate = "\u2068", "\u2069"
	pairs := make([]string, 0, len(namesAndValues))
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		pairs = append(pairs, "{"+namesAndValues[i]+"}", firstStrongIsolate+namesAndValues[i+1]+popDirectionalIsolate)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// rightToLeft are the scripts in living use that run that way.
var rightToLeft = []string{"Adlm", "Arab", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"}

// direction is the dir attribute of a language.
func direction(tag language.Tag) string {
	if script, _ := tag.Script(); slices.Contains(rightToLeft, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// choose picks the language for an Accept-Language header.
func (c *catalogue) choose(acceptLanguage string) (language.Tag, texts) {
	// Parsing is linear but not free; no honest browser sends more.
	if len(acceptLanguage) > 256 {
		acceptLanguage = ""
	}
	_, i := language.MatchStrings(c.matcher, acceptLanguage)
	return c.tags[i], c.texts[i]
}

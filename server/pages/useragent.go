package pages

import "strings"

// mark is a word of a User-Agent, and what it means to people.
type mark struct{ word, name string }

// browsers and systems are in the order in which they have to be looked for: Edge and Opera also call themselves Chrome, Chrome
// calls itself Safari, Android calls itself Linux. Whatever else there is stays unknown, which is better than wrong.
var (
	browsers = []mark{
		{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
		{"Vivaldi/", "Vivaldi"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chromium/", "Chromium"},
		{"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"}, {"Version/", "Safari"}, {"curl/", "curl"},
	}
	systems = []mark{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"},
		{"Macintosh", "macOS"}, {"Linux", "Linux"},
	}
)

// recognize finds the browser and the system in a User-Agent. It serves to jog the user's memory and proves nothing.
func recognize(userAgent string) (browser, system string) {
	find := func(marks []mark) string {
		for _, m := range marks {
			if strings.Contains(userAgent, m.word) {
				return m.name
			}
		}
		return ""
	}
	return find(browsers), find(systems)
}

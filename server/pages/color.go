package pages

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// rgb is a colour in sRGB, each part from 0 to 255.
type rgb [3]float64

var (
	black = rgb{0, 0, 0}
	white = rgb{255, 255, 255}
	// lightGround and darkGround are --page and --card of style.css in either scheme.
	lightGround = []rgb{{0xf6, 0xf7, 0xf9}, {0xff, 0xff, 0xff}}
	darkGround  = []rgb{{0x10, 0x11, 0x14}, {0x1a, 0x1c, 0x20}}
)

// readable is the contrast of normal text by WCAG 2, level AA.
const readable = 4.5

// accentStyle is the style that replaces the built-in accent colour; empty for no colour. In the light scheme the colour is
// darkened and in the dark one lightened until links can be read, and the text on it is black or white, whichever is clearer.
func accentStyle(color string) (string, error) {
	if color == "" {
		return "", nil
	}
	accent, err := parseColor(color)
	if err != nil {
		return "", err
	}
	light, dark := accent.until(readableOn(lightGround), black), accent.until(readableOn(darkGround), white)
	return fmt.Sprintf(":root { %s }\n@media (prefers-color-scheme: dark) { :root { %s } }\n", light.style(), dark.style()), nil
}

func parseColor(color string) (rgb, error) {
	digits, ok := strings.CutPrefix(color, "#")
	c, err := hex.DecodeString(digits)
	if !ok || err != nil || len(c) != 3 {
		return rgb{}, fmt.Errorf("%q is not of the form #rrggbb", color)
	}
	return rgb{float64(c[0]), float64(c[1]), float64(c[2])}, nil
}

func (c rgb) String() string {
	return fmt.Sprintf("#%02x%02x%02x", uint8(math.Round(c[0])), uint8(math.Round(c[1])), uint8(math.Round(c[2])))
}

func (c rgb) style() string {
	on := white
	if contrast(c, black) > contrast(c, white) {
		on = black
	}
	return fmt.Sprintf("--accent: %s; --on-accent: %s;", c, on)
}

// until mixes c with more and more of another colour until ok, and is that colour in the end.
func (c rgb) until(ok func(rgb) bool, toward rgb) rgb {
	const steps = 64
	for i := range steps {
		share := float64(i) / steps
		var mixed rgb
		for part := range mixed {
			mixed[part] = math.Round(c[part]*(1-share) + toward[part]*share)
		}
		if ok(mixed) {
			return mixed
		}
	}
	return toward
}

func readableOn(grounds []rgb) func(rgb) bool {
	return func(c rgb) bool {
		for _, ground := range grounds {
			if contrast(c, ground) < readable {
				return false
			}
		}
		return true
	}
}

// contrast is the ratio of WCAG 2.
func contrast(a, b rgb) float64 {
	lighter, darker := a.luminance(), b.luminance()
	if lighter < darker {
		lighter, darker = darker, lighter
	}
	return (lighter + 0.05) / (darker + 0.05)
}

func (c rgb) luminance() float64 {
	linear := func(part float64) float64 {
		part /= 255
		if part <= 0.04045 {
			return part / 12.92
		}
		return math.Pow((part+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

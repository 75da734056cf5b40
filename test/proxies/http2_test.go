//go:build proxies

package proxies

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// overHTTP2 are the probes that HTTP/2 could make a difference to: it has no request line, one header for each cookie, and other rules
// about what a header may be.
var overHTTP2 = map[string]probe{
	"I104 who they are": probeSpoof, "I105 where they go": probeForwarded, "I106 I115 paths": probePaths, "I103 cookies": probeCookies,
	"I109 a navigation": probeNavigation, "I114 renewal": probeRenewal, "the check is closed": probeChecks,
}

func TestOverHTTP2(t *testing.T) {
	for _, k := range kinds {
		for name, check := range overHTTP2 {
			t.Run(k.name+" "+name, func(t *testing.T) {
				w := newWorld(t)
				p := k.start(t, w, w.server, k.http2...)
				p.http2 = true
				p.holds(t, check)
			})
		}
	}
}

// exchange2 is exchange in HTTP/2: the same lines, byte for byte, but for names, which are in lower case there.
func exchange2(connection net.Conn, method, target string, lines ...string) answer {
	_ = connection.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(connection, http2.ClientPreface); err != nil {
		return answer{}
	}
	framer := http2.NewFramer(connection, connection)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = framer.WriteSettings()
	// A refusal may come before all was written.
	_ = writeHeaders(framer, headerBlock(method, target, lines))
	var a answer
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return a
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = framer.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			a = answerOf(frame)
		case *http2.DataFrame:
			a.body += string(frame.Data())
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			if a.status == 0 {
				// What is malformed gets no answer (RFC 9113, 8.1.1), where HTTP/1.1 would have said so.
				a.status = http.StatusBadRequest
			}
			return a
		}
		if h := frame.Header(); h.StreamID == 1 && (h.Type == http2.FrameData || h.Type == http2.FrameHeaders) && h.Flags.Has(http2.FlagDataEndStream) {
			return a
		}
	}
}

func headerBlock(method, target string, lines []string) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	field := func(name, value string) { _ = encoder.WriteField(hpack.HeaderField{Name: name, Value: value}) }
	field(":method", method)
	field(":scheme", "https")
	field(":authority", "shop.example.com")
	field(":path", target)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		if name = strings.ToLower(name); name != "cookie" {
			field(name, strings.TrimPrefix(value, " "))
			continue
		}
		// Browsers write each cookie by itself (RFC 9113, 8.2.3).
		for cookie := range strings.SplitSeq(strings.TrimPrefix(value, " "), "; ") {
			field(name, cookie)
		}
	}
	return block.Bytes()
}

func writeHeaders(framer *http2.Framer, block []byte) error {
	const size = 16 << 10
	first := block[:min(size, len(block))]
	block = block[len(first):]
	if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: first, EndStream: true, EndHeaders: len(block) == 0}); err != nil {
		return err
	}
	for len(block) > 0 {
		next := block[:min(size, len(block))]
		block = block[len(next):]
		if err := framer.WriteContinuation(1, len(block) == 0, next); err != nil {
			return err
		}
	}
	return nil
}

func answerOf(frame *http2.MetaHeadersFrame) answer {
	a := answer{header: http.Header{}}
	for _, field := range frame.Fields {
		if field.Name == ":status" {
			a.status, _ = strconv.Atoi(field.Value)
			continue
		}
		a.header.Add(field.Name, field.Value)
	}
	return a
}

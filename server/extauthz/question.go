package extauthz

import (
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// extension is the context extension that asks for the access JWT, with the one value that it may have.
const extension, bearerValue = "authorization", "bearer"

// ask returns the request that a question is about, and whether the JWT is asked for. Its target is in RequestURI as it was sent.
func ask(r *http.Request) (_ *http.Request, bearer bool, _ error) {
	message, err := receive(r.Body)
	if err != nil {
		return nil, false, err
	}
	q := question{header: http.Header{}}
	if !q.read(message) {
		return nil, false, errNotAllowed
	}
	if !q.described {
		return nil, false, errNoRequest
	}
	if q.extended && q.extension != bearerValue {
		return nil, false, errExtension
	}
	asked := &http.Request{
		Method: q.method, Host: q.host, RequestURI: q.path, Header: q.header, RemoteAddr: r.RemoteAddr,
		// Nothing reads it; a request without one is no request.
		URL:   &url.URL{Path: "/"},
		Proto: "HTTP/2.0", ProtoMajor: 2, Body: http.NoBody,
	}
	return asked.WithContext(r.Context()), q.extended, nil
}

// question is what we read of envoy.service.auth.v3.CheckRequest. The numbers in its methods are those of Envoy's attribute_context.proto
// and base.proto.
type question struct {
	described          bool
	method, path, host string
	header             http.Header
	extended           bool
	extension          string
}

func (q *question) read(checkRequest []byte) bool {
	return fields(checkRequest, map[protowire.Number]func([]byte) bool{1: q.readAttributes})
}

func (q *question) readAttributes(message []byte) bool {
	return fields(message, map[protowire.Number]func([]byte) bool{4: q.readRequest, 10: q.readExtension})
}

func (q *question) readRequest(message []byte) bool {
	return fields(message, map[protowire.Number]func([]byte) bool{2: q.readHTTP})
}

func (q *question) readHTTP(message []byte) bool {
	q.described = true
	return fields(message, map[protowire.Number]func([]byte) bool{
		2: text(&q.method), 3: q.readHeader, 4: text(&q.path), 5: text(&q.host), 13: q.readHeaderMap,
	})
}

func (q *question) readExtension(entry []byte) bool {
	var name, value string
	ok := fields(entry, map[protowire.Number]func([]byte) bool{1: text(&name), 2: text(&value)})
	if name == extension {
		q.extended, q.extension = true, value
	}
	return ok
}

// readHeader reads an entry of the map, where Envoy has joined what came twice.
func (q *question) readHeader(entry []byte) bool {
	var name, value string
	ok := fields(entry, map[protowire.Number]func([]byte) bool{1: text(&name), 2: text(&value)})
	q.add(name, value)
	return ok
}

// readHeaderMap reads the list that Envoy sends in place of the map if it is told to encode raw headers.
func (q *question) readHeaderMap(message []byte) bool {
	return fields(message, map[protowire.Number]func([]byte) bool{1: func(header []byte) bool {
		var name, value string
		ok := fields(header, map[protowire.Number]func([]byte) bool{1: text(&name), 2: text(&value), 3: text(&value)})
		q.add(name, value)
		return ok
	}})
}

// add leaves out HTTP/2's own, which are fields of the question.
func (q *question) add(name, value string) {
	if !strings.HasPrefix(name, ":") {
		q.header.Add(name, value)
	}
}

func text(to *string) func([]byte) bool {
	return func(value []byte) bool { *to = string(value); return true }
}

// fields hands each field to its reader and skips the others. It says whether the message is whole, and each of these fields of the
// type that all of them have, bytes.
func fields(message []byte, readers map[protowire.Number]func([]byte) bool) bool {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return false
		}
		message = message[n:]
		reader, wanted := readers[number]
		if !wanted {
			if n = protowire.ConsumeFieldValue(number, kind, message); n < 0 {
				return false
			}
			message = message[n:]
			continue
		}
		if kind != protowire.BytesType {
			return false
		}
		value, n := protowire.ConsumeBytes(message)
		if n < 0 || !reader(value) {
			return false
		}
		message = message[n:]
	}
	return true
}

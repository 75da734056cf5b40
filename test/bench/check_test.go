//go:build bench

package bench

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	// connections is how many a proxy keeps open, each with a signed-in user of its own.
	connections = 32
	slice       = 500 * time.Millisecond
)

// question is what nginx asks for a browser, byte for byte. The empty handler gets the same.
func question(host string, cookies []*http.Cookie) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET /auth/check/nginx HTTP/1.1\r\nHost: %s\r\nX-Original-URL: https://shop.example.com/orders/17?page=2\r\n", host)
	fmt.Fprintf(&b, "X-Original-Method: GET\r\nUser-Agent: %s\r\n", userAgent)
	b.WriteString("Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-GB,en;q=0.9\r\n")
	b.WriteString("Accept-Encoding: gzip, deflate, br\r\nCookie: ")
	for i, c := range cookies {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.Name + "=" + c.Value)
	}
	b.WriteString("\r\n\r\n")
	return b.Bytes()
}

// signIn makes a question for each connection.
func (w *world) signIn(t *testing.T) [][]byte {
	t.Helper()
	b := newBrowser()
	defer b.transport.CloseIdleConnections()
	var questions [][]byte
	for n := range connections {
		cookies, err := b.login(w.base, person(n))
		if err != nil {
			t.Fatalf("%v\n%s", err, w.output())
		}
		questions = append(questions, question(w.address, cookies))
	}
	return questions
}

var answerEnd, answerOK = []byte("\r\n\r\n"), []byte("HTTP/1.1 200 OK\r\n")

// ask asks one question and reads an answer, which must be 200, without a body, and hold what it has to.
func ask(conn net.Conn, question, buffer, holds []byte) error {
	if _, err := conn.Write(question); err != nil {
		return err
	}
	for n := 0; ; {
		read, err := conn.Read(buffer[n:])
		if err != nil {
			return err
		}
		n += read
		if !bytes.HasSuffix(buffer[:n], answerEnd) {
			continue
		}
		if !bytes.HasPrefix(buffer[:n], answerOK) || !bytes.Contains(buffer[:n], holds) {
			return errors.New("the answer is not the one that was expected")
		}
		return nil
	}
}

// rate is how many questions a second the server at address answers.
func rate(t *testing.T, address string, questions [][]byte, holds string) float64 {
	t.Helper()
	var asked atomic.Int64
	var group sync.WaitGroup
	failed := make(chan error, len(questions))
	began := time.Now()
	for _, q := range questions {
		group.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				failed <- err
				return
			}
			defer conn.Close()
			buffer, n := make([]byte, 16<<10), int64(0)
			for ; time.Since(began) < slice; n++ {
				if err := ask(conn, q, buffer, []byte(holds)); err != nil {
					failed <- err
					return
				}
			}
			asked.Add(n)
		})
	}
	group.Wait()
	took := time.Since(began)
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
	return float64(asked.Load()) / took.Seconds()
}

// compared is a server beside the empty handler.
type compared struct {
	// share is of the answers in a second of the core's time. On a machine that does nothing else it is the share of the rates.
	share float64
	// perSecond is the rate by the clock.
	perSecond float64
}

// compare lets both answer in turns.
func compare(t *testing.T, w *world, empty *program, emptyAddress string, rounds int) compared {
	t.Helper()
	questions := w.signIn(t)
	var rates []float64
	var answers, spent [2]float64
	for round := range rounds + 1 {
		before := [2]time.Duration{w.cpu(), empty.cpu()}
		ours := rate(t, w.address, questions, "X-Auth-Request-Email: person")
		nothing := rate(t, emptyAddress, questions, "")
		took := [2]float64{(w.cpu() - before[0]).Seconds(), (empty.cpu() - before[1]).Seconds()}
		if round == 0 {
			continue // It warms up.
		}
		rates = append(rates, ours)
		for i, perSecond := range []float64{ours, nothing} {
			answers[i] += perSecond * slice.Seconds()
			spent[i] += took[i]
		}
		say("round %2d: %6.0f checks/s, %6.0f empty/s, share %.3f; core busy %.2f and %.2f", round, ours, nothing, ours/nothing,
			took[0]/slice.Seconds(), took[1]/slice.Seconds())
	}
	return compared{share: (answers[0] / spent[0]) / (answers[1] / spent[1]), perSecond: median(rates)}
}

//go:build bench

package bench

import (
	"bytes"
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
func question(path, host string, cookies []*http.Cookie) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nX-Original-URL: https://shop.example.com/orders/17?page=2\r\n", path, host)
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

// target is a server that is asked.
type target struct {
	*program
	address   string
	questions [][]byte
	// begins is how an answer has to begin, and holds what it has to hold.
	begins, holds string
}

// target makes a question for each connection.
func (w *world) target(t *testing.T) target {
	t.Helper()
	b := newBrowser()
	defer b.transport.CloseIdleConnections()
	var questions [][]byte
	for n := range connections {
		cookies, err := b.login(w.base, person(n))
		if err != nil {
			t.Fatalf("%v\n%s", err, w.output())
		}
		questions = append(questions, question("/auth/check/nginx", w.address, cookies))
	}
	return target{w.program, w.address, questions, answerOK, "X-Auth-Request-Email: person"}
}

const answerOK, answerEnd = "HTTP/1.1 200 OK\r\n", "\r\n\r\n"

// ask asks one question and reads an answer, which must be without a body.
func (a target) ask(conn net.Conn, question, buffer []byte) error {
	if _, err := conn.Write(question); err != nil {
		return err
	}
	for n := 0; ; {
		read, err := conn.Read(buffer[n:])
		if err != nil {
			return err
		}
		n += read
		if !bytes.HasSuffix(buffer[:n], []byte(answerEnd)) {
			continue
		}
		if !bytes.HasPrefix(buffer[:n], []byte(a.begins)) || !bytes.Contains(buffer[:n], []byte(a.holds)) {
			return fmt.Errorf("the answer is not the one that was expected: %.100s", buffer[:n])
		}
		return nil
	}
}

// rate is how many questions a second the server answers.
func (a target) rate(t *testing.T) float64 {
	t.Helper()
	var asked atomic.Int64
	var group sync.WaitGroup
	failed := make(chan error, len(a.questions))
	began := time.Now()
	for _, q := range a.questions {
		group.Go(func() {
			conn, err := net.Dial("tcp", a.address)
			if err != nil {
				failed <- err
				return
			}
			defer conn.Close()
			buffer, n := make([]byte, 16<<10), int64(0)
			for ; time.Since(began) < slice; n++ {
				if err := a.ask(conn, q, buffer); err != nil {
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

// measured is what a server does in a second.
type measured struct {
	// perCPU is the answers in a second of the core's time. On a machine that does nothing else it goes with perSecond.
	perCPU float64
	// perSecond is the answers by the clock.
	perSecond float64
}

// compare lets servers answer in turns.
func compare(t *testing.T, rounds int, targets ...target) []measured {
	t.Helper()
	rates := make([][]float64, len(targets))
	answers, spent := make([]float64, len(targets)), make([]float64, len(targets))
	for round := range rounds + 1 {
		for i, target := range targets {
			before := target.cpu()
			perSecond := target.rate(t)
			if round == 0 {
				continue // It warms up.
			}
			rates[i] = append(rates[i], perSecond)
			answers[i] += perSecond * slice.Seconds()
			spent[i] += (target.cpu() - before).Seconds()
		}
	}
	all := make([]measured, len(targets))
	for i := range targets {
		all[i] = measured{perCPU: answers[i] / spent[i], perSecond: median(rates[i])}
		say("%s: %.0f checks/s, %.0f in a second of the core", targets[i].cmd.Args[3], all[i].perSecond, all[i].perCPU)
	}
	return all
}

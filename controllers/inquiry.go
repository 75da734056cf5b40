package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/googlelogin/operator/controllers/desired"
	"github.com/googlelogin/operator/server/config"
)

const (
	// inquiryTimeout bounds a whole question. A server answers from memory.
	inquiryTimeout = time.Second
	// maxStatus is far above what a server says.
	maxStatus = 64 << 10
)

// inquiry asks servers by HTTP.
type inquiry struct{ client *http.Client }

// AskServers returns Servers that are asked at the internal port of their pods. It follows no redirect and uses no proxy: a pod is
// asked, and nobody that it points to.
func AskServers() Servers {
	return inquiry{&http.Client{
		Timeout: inquiryTimeout,
		Transport: &http.Transport{
			MaxResponseHeaderBytes: maxStatus,
			// Servers are asked rarely; a connection each would be kept for nothing.
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Status implements Servers.
func (i inquiry) Status(ctx context.Context, address string) (config.Status, error) {
	target := "http://" + net.JoinHostPort(address, fmt.Sprint(desired.InternalPort)) + "/status"
	return i.get(ctx, target)
}

func (i inquiry) get(ctx context.Context, target string) (config.Status, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return config.Status{}, fmt.Errorf("ask a server: %w", err)
	}
	response, err := i.client.Do(request)
	if err != nil {
		return config.Status{}, fmt.Errorf("ask a server: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return config.Status{}, fmt.Errorf("ask a server: it answers %d", response.StatusCode)
	}
	// Not strictly: a newer server may say more.
	var status config.Status
	if err := json.NewDecoder(io.LimitReader(response.Body, maxStatus)).Decode(&status); err != nil {
		return config.Status{}, fmt.Errorf("ask a server: %w", err)
	}
	if status.ConfigHash == "" {
		return config.Status{}, errors.New("ask a server: it does not say which configuration is in force")
	}
	return status, nil
}

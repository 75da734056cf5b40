package verify

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// maxDocument is far more than sixteen keys take.
	maxDocument = 256 << 10
	// Keys are kept no shorter and no longer than this, whatever the server says, and for defaultAge if it says nothing.
	minAge, defaultAge, maxAge = 10 * time.Second, 15 * time.Minute, 24 * time.Hour
)

// fetchJWKS returns the keys by their IDs, and for how long they may be kept.
func fetchJWKS(ctx context.Context, client *http.Client, url string) (map[string]*ecdsa.PublicKey, time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch keys: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("fetch keys: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDocument))
	if err != nil {
		return nil, 0, fmt.Errorf("fetch keys: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("fetch keys: the server answered %d", response.StatusCode)
	}
	byID, err := parseJWKS(body)
	if err != nil {
		return nil, 0, fmt.Errorf("read keys: %w", err)
	}
	return byID, age(response.Header.Get("Cache-Control")), nil
}

type jwk struct {
	KeyType   string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	Y         string `json:"y"`
	ID        string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
}

// parseJWKS skips keys that are not for ES256: the set may have others one day.
func parseJWKS(body []byte) (map[string]*ecdsa.PublicKey, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, err
	}
	byID := map[string]*ecdsa.PublicKey{}
	for _, k := range set.Keys {
		if k.KeyType != "EC" || k.Curve != "P-256" || k.ID == "" || (k.Use != "" && k.Use != "sig") ||
			(k.Algorithm != "" && k.Algorithm != algorithm) {
			continue
		}
		key, err := k.publicKey()
		if err != nil {
			return nil, err
		}
		byID[k.ID] = key
	}
	if len(byID) == 0 {
		return nil, errors.New("there is no key for " + algorithm)
	}
	return byID, nil
}

// publicKey refuses a point that is not on the curve.
func (k jwk) publicKey() (*ecdsa.PublicKey, error) {
	x, err := base64.RawURLEncoding.DecodeString(k.X)
	y, errToo := base64.RawURLEncoding.DecodeString(k.Y)
	if err != nil || errToo != nil {
		return nil, errors.New("a key has coordinates that are not base64url")
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
}

// age reads max-age.
func age(cacheControl string) time.Duration {
	for directive := range strings.SplitSeq(cacheControl, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if !strings.EqualFold(name, "max-age") {
			continue
		}
		if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
			return min(max(time.Duration(seconds)*time.Second, minAge), maxAge)
		}
	}
	return defaultAge
}

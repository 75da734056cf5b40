package workload

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"

	"github.com/googlelogin/operator/server/publickey"
)

// maxFile bounds what is read of a key file. A cluster has two or three keys of half a kilobyte each.
const maxFile = 1 << 20

// Keys are the cluster's, none until Load succeeds. They are safe for use by several goroutines.
type Keys struct {
	known atomic.Pointer[[]publickey.Key]
}

// Load reads the cluster's keys, a JWKS. After an error the keys that were read before stay.
func (k *Keys) Load(path string) error {
	keys, err := readKeys(path)
	if err != nil {
		return fmt.Errorf("read keys of the cluster: %w", err)
	}
	k.known.Store(&keys)
	return nil
}

func readKeys(path string) ([]publickey.Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("%s is not a JWKS: %w", path, err)
	}
	keys := slices.DeleteFunc(publickey.Parse(document.Keys), func(k publickey.Key) bool { return !usable(k) })
	if len(keys) == 0 {
		return nil, errors.New(path + " has no key that can verify ServiceAccount tokens: the API server serves them at /openid/v1/jwks")
	}
	return keys, nil
}

// usable says whether a token can name the key and be signed by it.
func usable(k publickey.Key) bool { return k.ID != "" && slices.ContainsFunc(algorithms(), k.Fits) }

package controllers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/googlelogin/operator/api/v1beta1"
	"github.com/googlelogin/operator/controllers/desired"
)

const (
	// clusterKeysFor is how long what was read serves every GoogleLogin, so that a thousand of them cause no thousand questions.
	clusterKeysFor = 5 * time.Minute
	// clusterKeysRecheck is how soon a new key of the cluster's reaches the servers. No watch tells of it.
	clusterKeysRecheck = 10 * time.Minute
	// clusterKeysRetry is how soon it is tried again.
	clusterKeysRetry = 15 * time.Second
	// maxClusterDocument is many times what an API server publishes.
	maxClusterDocument = 256 << 10
)

// errClusterKeysForbidden says that the manager's ServiceAccount may not read what any may by default.
var errClusterKeysForbidden = errors.New("the operator may not read the cluster's public keys: bind the ClusterRole " +
	"system:service-account-issuer-discovery to its ServiceAccount, or remove spec.internalAPI.callers")

// ClusterKeys reads with what the cluster signs the tokens of ServiceAccounts.
type ClusterKeys struct {
	client *http.Client
	host   string
	now    func() time.Time

	mu     sync.Mutex
	known  desired.ClusterKeys
	readAt time.Time
}

// NewClusterKeys asks the API server of cfg, as whoever cfg says.
func NewClusterKeys(cfg *rest.Config, now func() time.Time) (*ClusterKeys, error) {
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("make a client for the cluster's public keys: %w", err)
	}
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("make a client for the cluster's public keys: %w", err)
	}
	return &ClusterKeys{client: client, host: strings.TrimSuffix(base.String(), "/"), now: now}, nil
}

// Read returns issuer and keys, at most five minutes old.
func (k *ClusterKeys) Read(ctx context.Context) (desired.ClusterKeys, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known.Issuer != "" && k.now().Before(k.readAt.Add(clusterKeysFor)) {
		return k.known, nil
	}
	read, err := k.read(ctx)
	if err != nil {
		return desired.ClusterKeys{}, err
	}
	k.known, k.readAt = read, k.now()
	return read, nil
}

func (k *ClusterKeys) read(ctx context.Context) (desired.ClusterKeys, error) {
	var discovery struct {
		Issuer string `json:"issuer"`
	}
	if err := k.get(ctx, "/.well-known/openid-configuration", &discovery); err != nil {
		return desired.ClusterKeys{}, err
	}
	// Where the discovery document says that others find the keys may be a bucket outside the cluster; here they are always.
	var set jose.JSONWebKeySet
	if err := k.get(ctx, "/openid/v1/jwks", &set); err != nil {
		return desired.ClusterKeys{}, err
	}
	keys, err := publicKeys(set)
	if err != nil || discovery.Issuer == "" {
		return desired.ClusterKeys{}, errors.Join(err, missing(discovery.Issuer))
	}
	return desired.ClusterKeys{Issuer: discovery.Issuer, JWKS: keys}, nil
}

func missing(issuer string) error {
	if issuer == "" {
		return errors.New("the API server names no issuer of ServiceAccount tokens")
	}
	return nil
}

// publicKeys writes the keys in one way, whatever their order was, so that nothing is written again for it.
func publicKeys(set jose.JSONWebKeySet) (string, error) {
	set.Keys = slices.DeleteFunc(set.Keys, func(key jose.JSONWebKey) bool { return !key.IsPublic() || !key.Valid() || key.KeyID == "" })
	if len(set.Keys) == 0 {
		return "", errors.New("the API server publishes no key of ServiceAccount tokens")
	}
	slices.SortFunc(set.Keys, func(a, b jose.JSONWebKey) int { return cmp.Compare(a.KeyID, b.KeyID) })
	content, err := json.Marshal(set)
	if err != nil {
		return "", fmt.Errorf("write the cluster's public keys: %w", err)
	}
	return string(content), nil
}

func (k *ClusterKeys) get(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.host+path, nil)
	if err != nil {
		return fmt.Errorf("ask the API server for %s: %w", path, err)
	}
	response, err := k.client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the API server for %s: %w", path, err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusForbidden:
		return errClusterKeysForbidden
	default:
		return fmt.Errorf("the API server answers %s with status %d", path, response.StatusCode)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxClusterDocument))
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		return fmt.Errorf("read %s of the API server: %w", path, err)
	}
	return nil
}

// clusterKeys reads what the callers of the internal API are known by. Without it no server is started, and what runs goes on with the keys
// that it was given before: who may come in no longer must be out all the same.
func (r *Reconciler) clusterKeys(ctx context.Context, s *scope) error {
	if len(s.login.Spec.InternalAPI.Callers) == 0 {
		return nil
	}
	s.lookAgain(clusterKeysRecheck)
	keys, err := r.ClusterKeys.Read(ctx)
	if err == nil {
		s.cluster = keys
		return nil
	}
	if errors.Is(err, errClusterKeysForbidden) {
		s.stall(v1beta1.ConditionKeysReady, v1beta1.ReasonClusterKeysForbidden, err.Error())
	} else {
		// The cause goes to the log alone: it may name an address or a time, and no message should change with those.
		s.wait(v1beta1.ConditionKeysReady, v1beta1.ReasonClusterKeysUnavailable,
			"the cluster's public keys, by which callers of the internal API are known, could not be read; the operator tries again")
		s.lookAgain(clusterKeysRetry)
		ctrl.LoggerFrom(ctx).Error(err, "read the cluster's public keys")
	}
	s.cluster, err = r.givenClusterKeys(ctx, s)
	return err
}

// givenClusterKeys are those that the server has from an earlier pass; the zero value if there are none, or if somebody else has changed
// them.
func (r *Reconciler) givenClusterKeys(ctx context.Context, s *scope) (desired.ClusterKeys, error) {
	configMap := &corev1.ConfigMap{}
	found, err := r.readLive(ctx, s.key(desired.ConfigMapName(s.login.Name)), configMap)
	if err != nil {
		return desired.ClusterKeys{}, fmt.Errorf("read the cluster's public keys that the server has: %w", err)
	}
	if isOurs := found && refuseForeign(s.login, configMap, "ConfigMap") == nil; !isOurs {
		return desired.ClusterKeys{}, nil
	}
	ours, err := corev1ac.ExtractConfigMap(configMap, fieldOwner)
	if err != nil {
		return desired.ClusterKeys{}, fmt.Errorf("read the cluster's public keys that the server has: %w", err)
	}
	return desired.ClusterKeysOf(ours.Data), nil
}

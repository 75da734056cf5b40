package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/googlelogin/operator/server/config"
	"github.com/googlelogin/operator/server/filewatch"
)

// watchAgain is how long a watch that could not be set up waits, a folder that is not there yet being the usual reason.
const watchAgain = 10 * time.Second

// source is something that is read from files and read again when they change. Its load keeps the old content on an error.
type source struct {
	name  string
	paths []string
	load  func() error
}

// sources are the files that a server follows besides its configuration, whose paths are fixed when it starts.
func (l *live) sources(cfg config.Config) []source {
	all := []source{
		{signingKeys, []string{cfg.Keys.SigningFile}, func() error { return l.keys.Load(cfg.Keys.SigningFile) }},
		{sealingKeys, []string{cfg.Keys.SealingFile}, func() error { return l.sealer.Load(cfg.Keys.SealingFile) }},
		{credentials, []string{cfg.Client.IDFile, cfg.Client.SecretFile, cfg.Client.CredentialsFile}, func() error {
			return loadCredentials(l.proof, l.current.Load().Client)
		}},
	}
	if path := cfg.InternalAPI.KeysFile; path != "" {
		all = append(all, source{clusterKeys, []string{path}, func() error { return l.cluster.Load(path) }})
	}
	if l.moving != nil {
		all = append(all, source{storage, []string{cfg.Storage.URIFile, cfg.Storage.CAFile}, l.moving.Reload})
	}
	return all
}

// follow makes the server follow its own configuration, before everything else: that says which client the credentials are of.
func (a *app) follow(path string) {
	a.reloader.sources = append([]source{{configuration, []string{path}, func() error { return a.load(path) }}}, a.reloader.sources...)
}

// reloader keeps sources current.
type reloader struct {
	sources []source
	metrics *metrics
	log     *slog.Logger

	mu      sync.Mutex
	problem map[string]error
}

// state is why a source could not be read when it last was; nil if it could.
func (r *reloader) state(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.problem[name]
}

// loadAll reads every source. What cannot be read is logged and counted, and goes on with what was read before.
func (r *reloader) loadAll() {
	for _, s := range r.sources {
		err := s.load()
		r.metrics.reloaded(s.name, err)
		r.mu.Lock()
		if r.problem == nil {
			r.problem = make(map[string]error)
		}
		r.problem[s.name] = err
		r.mu.Unlock()
		if err != nil {
			r.log.Error("file refused, keeping what was read before", "reason", s.name, "err", err)
		}
	}
}

// run follows the files until ctx ends. One watch for all of them: the kernel allows a user few.
func (r *reloader) run(ctx context.Context) {
	var paths []string
	for _, s := range r.sources {
		for _, path := range s.paths {
			if path != "" {
				paths = append(paths, path)
			}
		}
	}
	for {
		if err := filewatch.Watch(ctx, r.log, paths, r.loadAll); err != nil {
			r.log.Warn("cannot watch files, reading them again later", "err", err, "duration", watchAgain)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchAgain):
			r.loadAll()
		}
	}
}

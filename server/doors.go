package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/googlelogin/operator/server/config"
)

// internalDoor is the port of the probes, which is the last to close.
const internalDoor = "internal"

// door is a port that is open, and what answers there.
type door struct {
	// name is that of the configuration, listen.<name>.
	name     string
	listener net.Listener
	server   *http.Server
}

// serve answers until the door is closed.
func (d door) serve() error {
	if err := d.server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// open listens wherever the configuration says so: the public and the internal port first, in this order.
func (a *app) open(at config.Listen, log *slog.Logger) ([]door, error) {
	var doors []door
	for _, d := range []struct {
		name, address string
		server        *http.Server
	}{
		{"public", at.Public, newServer(a.public, log)},
		{internalDoor, at.Internal, newServer(a.internal, log)},
		{"extAuthz", at.ExtAuthz, newGRPCServer(a.envoy, log)},
		{"admin", at.Admin, newServer(a.admin, log)},
	} {
		if d.address == "" {
			continue
		}
		listener, err := net.Listen("tcp", d.address)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open listen.%s: %w", d.name, err), closeAll(doors))
		}
		doors = append(doors, door{d.name, listener, d.server})
	}
	return doors, nil
}

// closeAll cuts off whatever is under way.
func closeAll(doors []door) error {
	var problems []error
	for _, d := range doors {
		// Of a server that has not served yet, Close does not know the listener; of one that has, it is closed then.
		if err := errors.Join(d.server.Close(), d.listener.Close()); err != nil && !errors.Is(err, net.ErrClosed) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

package server

import (
	"context"

	"github.com/googlelogin/operator/server/footprint"
)

// loop is what goes on beside the requests until its context ends.
type loop struct {
	name string
	run  func(context.Context)
}

// loops are all of them.
func (a *app) loops(o Options) []loop {
	all := []loop{
		{"files", a.reloader.run},
		{"footprint", footprint.Run},
		{"sweep", a.sweep},
	}
	if o.Prove {
		all = append(all, loop{"proof", a.proof.run})
	}
	if a.shared {
		all = append(all, loop{"ended sessions", func(ctx context.Context) { follow(ctx, a, o.Log) }})
	}
	return all
}

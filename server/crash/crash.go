// Package crash contains the panics of what runs beside the requests. Left alone, Go ends the process and prints the value, which may
// quote a secret that the code was at work on; a pod's termination message shows it to more people still.
//
// It cannot contain what Go calls fatal: two goroutines in one map, a stack or a memory that is used up. Those print texts of their own.
package crash

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// ErrPanicked says that something panicked. With what is told nowhere.
var ErrPanicked = errors.New("panicked, see the stack in the log")

// Contain runs f, and makes an error of a panic, under the name of what was run. The log gets the stack and the type of the value.
// What f left half done stays so: the caller either ends what depends on it or begins anew.
func Contain(ctx context.Context, log *slog.Logger, name string, f func() error) (err error) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		log.LogAttrs(ctx, slog.LevelError, "panic", slog.String("in", name),
			slog.String("type", fmt.Sprintf("%T", cause)), slog.String("stack", string(debug.Stack())))
		err = fmt.Errorf("%s: %w", name, ErrPanicked)
	}()
	return f()
}

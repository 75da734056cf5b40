package memory_test

import (
	"testing"

	"github.com/googlelogin/operator/server/store/memory"
	"github.com/googlelogin/operator/server/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Store { return memory.New() })
}

package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// lookAtSources opens every folder and looks at every file of the module, once.
// `go test` keeps a result until something changes that the test itself looked
// at, and does not see what `go build` read for the binary.
func lookAtSources(t *testing.T) {
	t.Helper()
	require.NoError(t, lookOnce())
}

var lookOnce = sync.OnceValue(func() error {
	return filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != ".." && (strings.HasPrefix(name, ".") || name == "bin" || name == "node_modules") {
			return fs.SkipDir
		}
		if d.Type().IsRegular() {
			_, err = os.Stat(path)
		}
		return err
	})
})

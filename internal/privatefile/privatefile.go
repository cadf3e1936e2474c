// Package privatefile says whether a file with a secret in it is its owner's
// alone.
package privatefile

import (
	"os"

	"ramp.dev/ramp/access"
)

// Check returns nil if nobody but its owner may read or write the file. Errors
// are CodeInvalid, for a file that is not there too, and name the file.
func Check(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return access.Errorf(access.CodeInvalid, "%w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return access.Errorf(access.CodeInvalid, "%s may be read by others; chmod 600 it", path)
	}
	return nil
}

package ports

// T is what ForTest needs of a test.
type T interface {
	Helper()
	Cleanup(func())
	Fatal(...any)
}

// ForTest returns an address of loopback whose port is reserved until the test ends.
func ForTest(t T) string {
	t.Helper()
	return PortForTest(t).Addr()
}

// PortForTest is ForTest for those who need the number.
func PortForTest(t T) *Port {
	t.Helper()
	p, err := Reserve("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Release)
	return p
}

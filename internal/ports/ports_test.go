package ports

import (
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReservedPortIsGivenToNobody: neither to an outgoing connection, nor to another
// reservation of this process or of another, until it is released.
func TestReservedPortIsGivenToNobody(t *testing.T) {
	if os.Getenv("RESERVE_IN_A_CHILD") != "" {
		for range 300 {
			_, err := os.Stdout.WriteString(ForTest(t) + "\n")
			require.NoError(t, err)
		}
		_, _ = os.Stdin.Read(make([]byte, 1)) // until the parent has its own
		return
	}
	child := exec.Command(os.Args[0], "-test.run", "^TestReservedPortIsGivenToNobody$") // #nosec G204 -- this test
	child.Env = append(os.Environ(), "RESERVE_IN_A_CHILD=yes")
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	goOn, err := child.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	taken := map[string]bool{}
	for len(taken) < 300 {
		b := make([]byte, len("127.0.0.1:20000\n"))
		_, err := io.ReadFull(out, b)
		require.NoError(t, err)
		require.False(t, taken[string(b)], "reserved twice")
		taken[strings.TrimSpace(string(b))] = true
	}
	for range 300 {
		addr := ForTest(t)
		require.False(t, taken[addr], "reserved twice")
		taken[addr] = true
	}
	require.NoError(t, goOn.Close())
	require.NoError(t, child.Wait())

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	for range 1000 {
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		defer c.Close()
		require.False(t, taken[c.LocalAddr().String()], "an outgoing connection has a reserved port")
	}
}

// TestReleasedPort can be reserved, and one that somebody listens on cannot.
func TestReleasedPort(t *testing.T) {
	p, err := Reserve("127.0.0.1")
	require.NoError(t, err)
	_, err = net.ListenPacket("udp", p.Addr())
	require.Error(t, err)
	l, err := net.Listen("tcp", p.Addr())
	require.NoError(t, err, "it is there to be listened on")
	require.NoError(t, l.Close())
	p.Release()
	mark, err := net.ListenPacket("udp", p.Addr())
	require.NoError(t, err)
	require.NoError(t, mark.Close())
	_, err = Reserve("192.0.2.1")
	require.ErrorContains(t, err, "192.0.2.1", "an address that this machine does not have")
}

// TestReservable: whatever the system gives to outgoing connections is left out.
func TestReservable(t *testing.T) {
	for _, c := range [][4]int{
		{32768, 60999, 20000, 32768},
		{49152, 65535, 20000, 49152},
		{15000, 60000, 60001, 65536},
		{1024, 65535, 20000, 32768}, // there is nothing else
		{22500, 61000, 20000, 22500},
	} {
		from, below := reservable(c[0], c[1])
		require.Equal(t, c[2:], []int{from, below}, "%v", c[:2])
	}
	first, last := outgoing()
	require.Less(t, first, last)
}

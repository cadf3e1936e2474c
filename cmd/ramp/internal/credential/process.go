package credential

import (
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/term"
)

// grace is how long a command, and what it started, has to end by itself.
const grace = 5 * time.Second

// Run runs a command until it ends or over says that its access has ended, and
// then ends whatever it has started, grandchildren too (docs/threats.md, case 77). Signals that
// end a terminal or a process are passed on. Errors are the command's.
func Run(cmd *exec.Cmd, over <-chan struct{}) error {
	adoptOrphans()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	onTerminal := term.IsTerminal(int(os.Stdin.Fd()))
	ended, err := start(cmd)
	if err != nil {
		return err
	}
	var kill <-chan time.Time
	for {
		select {
		case err := <-ended:
			endAll()
			return err
		case s := <-signals:
			if onTerminal && (s == syscall.SIGINT || s == syscall.SIGQUIT) {
				continue // the terminal sent it to the command as well
			}
			_ = cmd.Process.Signal(s)
			if s != syscall.SIGINT && kill == nil {
				kill = time.After(grace)
			}
		case <-over:
			over = nil
			signalAll(descendants(), syscall.SIGTERM)
			kill = time.After(grace)
		case <-kill:
			kill = time.After(50 * time.Millisecond) // what is started meanwhile, too
			signalAll(descendants(), syscall.SIGKILL)
		}
	}
}

// start starts a command that dies with this process where the system can do
// that. It then waits in the same thread, since the system ties the command to the
// thread that started it.
func start(cmd *exec.Cmd) (<-chan error, error) {
	dieWithParent(cmd)
	started, ended := make(chan error), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	return ended, <-started
}

// endAll ends what a command left running. It waits until all of it is gone, or
// has withstood SIGKILL, as a process does that waits for a broken disk.
func endAll() {
	left := descendants()
	signalAll(left, syscall.SIGTERM)
	for began := time.Now(); len(left) > 0 && time.Since(began) < 2*grace; left = descendants() {
		if time.Since(began) > grace {
			signalAll(left, syscall.SIGKILL)
		}
		time.Sleep(20 * time.Millisecond)
		reap()
	}
}

func signalAll(pids []int, s syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, s)
	}
}

package localpostgres

import (
	"os/exec"
	"syscall"
)

// endWithParent has the system end the server, and its sessions, when this process dies.
func endWithParent(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGINT
}

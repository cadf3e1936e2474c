package main

// programs returns the mutants of the targets that are customers' own programs.
func programs() []mutant {
	const target, command, hook = "integrations/program/target.go", "integrations/command/run.go", "integrations/webhook/call.go"
	return []mutant{
		{"a program's reply to another call counts", target, "case reply.Call != r.Call:", "case false:", []string{"./integrations/command -run Case133Lies"}},
		{"a program that does not say is one where access ended", target, "case r.Open == nil:\n\t\treturn access.ReadBack{}, unexpected(OpInspect, \"open\")", "case r.Open == nil:\n\t\treturn access.ReadBack{}, nil", []string{"./integrations/command -run Case133Lies"}},
		{"a program keeps an ending from being tried again", "integrations/program/failure.go", "if !slices.Contains(codesOf(op), code) {", "if false {", []string{"./integrations/command -run Case133Lies"}},
		{"a program's words replace the description's", target, "maps.Copy(own, scope.Facts)", "maps.Copy(scope.Facts, own); own = scope.Facts", []string{"./integrations/program -run Case133Words"}},
		{"a program's credential outlives its grant", "integrations/program/optional.go", "case c.ExpiresAt.After(g.ExpiresAt):", "case false:", []string{"./integrations/program -run Case133Credentials"}},
		{"a program's credential brings what it likes", "integrations/program/optional.go", "case c.Validate() != nil:", "case false:", []string{"./integrations/program -run Case133Credentials"}},
		{"what a program started lives on", command, "syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }", "cmd.Process.Kill() }", []string{"./integrations/command -run Case133Hangs"}},
		{"a program reads the worker's environment", command, "cmd.Env, cmd.Dir = environment, \"/\"", "cmd.Env, cmd.Dir = append(cmd.Environ(), environment...), \"/\"", []string{"./integrations/command -run TestEnvironment"}},
		{"a reply that nobody signed counts", hook, "if key.Verify(body, resp.Header) == nil {", "if key.Verify(body, resp.Header) == nil || true {", []string{"./integrations/webhook -run Case134Forged"}},
		{"a reply that was signed for another call counts", hook, "if resp.Header.Get(standardwebhooks.HeaderWebhookID) != id {", "if false {", []string{"./integrations/webhook -run Case134Forged"}},
		{"a program is whatever others wrote there", "integrations/command/config.go", "case info.Mode().Perm()&0o022 != 0:", "case false:", []string{"./integrations/command -run TestConfig"}},
	}
}

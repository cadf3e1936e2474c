package main

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
)

// common are the flags of every command for people.
type common struct {
	server string
	output string
	last   bool
}

func (o *common) flags(c *cobra.Command) {
	def := os.Getenv("RAMP_SERVER")
	if def == "" {
		def = "http://127.0.0.1:8080"
	}
	c.Flags().StringVar(&o.server, "server", def, "Ramp's address; RAMP_SERVER sets it too")
	c.Flags().StringVarP(&o.output, "output", "o", "table", "table, json or yaml")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "yaml"}, cobra.ShellCompDirectiveNoFileComp))
}

func (o *common) lastFlag(c *cobra.Command) {
	c.Flags().BoolVar(&o.last, "last", false, "the request made last from this machine")
}

// id is the request that a command is about.
func (o *common) id(args []string) (string, error) {
	switch {
	case o.last && len(args) > 0:
		return "", access.Errorf(access.CodeInvalid, "give a request or --last, not both")
	case o.last:
		b, err := os.ReadFile(o.file("last"))
		if err != nil {
			return "", access.Errorf(access.CodeNotFound, "no request was made from this machine to %s yet", o.server)
		}
		return strings.TrimSpace(string(b)), nil
	case len(args) != 1:
		return "", access.Errorf(access.CodeInvalid, "say which request, or --last")
	}
	return args[0], nil
}

// file is one of the files kept for a server.
func (o *common) file(name string) string {
	dir, err := os.UserConfigDir()
	if err != nil {
		dir = os.TempDir()
	}
	host := o.server
	if u, err := url.Parse(o.server); err == nil && u.Host != "" {
		host = strings.NewReplacer(":", "_", "/", "_").Replace(u.Host)
	}
	return filepath.Join(dir, "ramp", host, name)
}

func (o *common) keep(name, content string) error {
	path := o.file(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o600)
}

// saved is a login that `ramp login` made.
type saved struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
}

// client asks as RAMP_TOKEN says, else as the last login.
func (o *common) client() (*client.Client, error) {
	if o.output != "table" && o.output != "json" && o.output != "yaml" {
		return nil, access.Errorf(access.CodeInvalid, "-o %s: it may be table, json or yaml", o.output)
	}
	if t := os.Getenv("RAMP_TOKEN"); t != "" {
		return client.New(o.server, strings.TrimSpace(t)), nil
	}
	var s saved
	b, err := os.ReadFile(o.file("login"))
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return nil, access.Errorf(access.CodeUnauthenticated, "not logged in to %s; run `ramp login`, or set RAMP_TOKEN", o.server)
	}
	if time.Now().After(s.Expires) {
		return nil, access.Errorf(access.CodeUnauthenticated, "the login ended at %s; run `ramp login`", s.Expires.Local().Format(time.Kitchen))
	}
	return client.New(o.server, s.Token), nil
}

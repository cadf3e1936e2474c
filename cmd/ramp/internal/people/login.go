package people

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/oauth2"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
)

// loginFlags are those of `ramp login`.
type loginFlags struct {
	session
	provider string
	device   bool
}

func loginCommand() *cobra.Command {
	var f loginFlags
	c := &cobra.Command{
		Use: "login", Short: "Log in at the identity provider, in the browser", Args: cobra.NoArgs,
		Long: "Prints an address to open in a browser on this machine, and waits until you have logged in there; it opens\n" +
			"nothing by itself. With --device the browser may be on another machine. Programs set RAMP_TOKEN instead.",
		Example: "  ramp login\n  ramp login --device\n  ramp login --server https://ramp.example.com",
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.flags(c)
	c.Flags().BoolVar(&f.device, "device", false, "log in with a browser on another machine, by a code")
	c.Flags().StringVar(&f.provider, "provider", "", "the name of the identity provider, where there are several")
	return c
}

// loginTimeout bounds how long a login waits for the person.
const loginTimeout = 10 * time.Minute

func (f *loginFlags) run(cmd *cobra.Command) error {
	if err := f.checkServer(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), loginTimeout)
	defer cancel()
	conf, err := f.clientWith("").LoginConfig(ctx)
	if err == nil {
		conf, err = conf.Provider(f.provider)
	}
	if err != nil {
		return err
	}
	token, err := f.token(ctx, conf, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	me, err := f.clientWith(token.AccessToken).Me(ctx)
	if err != nil {
		return err
	}
	b, err := json.Marshal(savedLogin{Token: token.AccessToken, Expires: token.Expiry})
	if err != nil {
		return err
	}
	if err := f.keep("login", string(b)); err != nil {
		return err
	}
	return f.format.Print(cmd.OutOrStdout(), me, func(w io.Writer) {
		fmt.Fprintf(w, "Logged in as %s (%s) until %s.\n", output.Clean(me.Label()), output.Clean(me.ID), token.Expiry.Local().Format(time.Kitchen))
	})
}

func (f *loginFlags) token(ctx context.Context, conf client.LoginConfig, out io.Writer) (*oauth2.Token, error) {
	if f.device {
		return deviceFlow(ctx, conf, func(url, code string) {
			fmt.Fprintf(out, "Open this in any browser, and log in there with the code %s:\n\n  %s\n\n", output.Clean(code), output.Clean(url))
		})
	}
	return codeFlow(ctx, conf, func(url string) {
		fmt.Fprintf(out, "Open this in a browser on this machine, and log in:\n\n  %s\n\n", url)
	})
}

func logoutCommand() *cobra.Command {
	var s session
	var everywhere bool
	c := &cobra.Command{
		Use: "logout", Short: "Forget the login on this machine", Args: cobra.NoArgs,
		Long:    "Forgets the login that `ramp login` kept on this machine. With --everywhere, your sessions in every browser end\ntoo. A token that was copied elsewhere stays valid until it expires. Access that is active stays active.",
		Example: "  ramp logout\n  ramp logout --everywhere",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if everywhere {
				c, err := s.client()
				if err == nil {
					err = c.SignOut(cmd.Context())
				}
				if err != nil {
					return err
				}
			}
			if err := os.Remove(s.file("login")); err != nil && !errors.Is(err, os.ErrNotExist) {
				return access.Errorf(access.CodeUnavailable, "the login cannot be forgotten: %w", err)
			}
			return s.format.Print(cmd.OutOrStdout(), map[string]any{"loggedOut": true, "everywhere": everywhere}, func(w io.Writer) { fmt.Fprintln(w, "Logged out.") })
		},
	}
	s.flags(c)
	c.Flags().BoolVar(&everywhere, "everywhere", false, "end your sessions in every browser too")
	return c
}

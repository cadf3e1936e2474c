package people

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/cmd/ramp/internal/version"
	"ramp.dev/ramp/internal/strictjson"
)

// session is how a command talks to a server: the flags of every command for
// people, and the files that are kept for that server.
type session struct {
	server string
	format output.Format
	last   bool
}

// usualServer is where `ramp dev` serves unless it is told otherwise.
const usualServer = "http://127.0.0.1:8080"

func (s *session) flags(c *cobra.Command) {
	def := os.Getenv("RAMP_SERVER")
	if def == "" {
		def = usualServer
	}
	c.Flags().StringVar(&s.server, "server", def, "Ramp's address; RAMP_SERVER sets it too")
	s.format.Flag(c)
}

// requestFlags are those of a command about one request.
func (s *session) requestFlags(c *cobra.Command) {
	s.flags(c)
	c.Flags().BoolVar(&s.last, "last", false, "the request that was made last from this machine; none if making it failed")
}

// request returns a client, and the id of the request that a command is about.
func (s *session) request(args []string) (*client.Client, string, error) {
	id, err := s.requestID(args)
	if err != nil {
		return nil, "", err
	}
	c, err := s.client()
	return c, id, err
}

func (s *session) requestID(args []string) (string, error) {
	switch {
	case s.last && len(args) > 0:
		return "", access.Errorf(access.CodeInvalid, "give a request or --last, not both")
	case s.last:
		return s.lastID()
	case len(args) != 1:
		return "", access.Errorf(access.CodeInvalid, "name a request, or use --last")
	}
	return args[0], nil
}

// file returns the path of one of the files kept for the server.
func (s *session) file(name string) string {
	dir, err := os.UserConfigDir()
	if err != nil {
		dir = os.TempDir()
	}
	host := s.server
	if u, err := url.Parse(s.server); err == nil && u.Host != "" {
		host = strings.NewReplacer(":", "_", "/", "_").Replace(u.Host)
	}
	return filepath.Join(dir, "ramp", host, name)
}

func (s *session) keep(name, content string) error {
	path := s.file(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o600)
}

// savedLogin is what `ramp login` keeps.
type savedLogin struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
}

// checkServer says what an address of a server looks like (docs/threats.md, case 87).
func (s *session) checkServer() error {
	u, err := url.Parse(s.server)
	if err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return nil
	}
	hint := ""
	if plain := strings.TrimPrefix(s.server, "//"); !strings.Contains(plain, "://") && plain != "" {
		hint = "; did you mean https://" + plain + "?"
		if host, _, err := net.SplitHostPort(plain); err == nil && (host == "localhost" || strings.HasPrefix(host, "127.")) {
			hint = "; did you mean http://" + plain + "?"
		}
	}
	return access.Errorf(access.CodeInvalid, "%q is no server's address (--server, RAMP_SERVER); it is like https://ramp.example.com%s", access.Clip(s.server, 100), hint)
}

// client returns a client with the token of whoever is logged in.
func (s *session) client() (*client.Client, error) {
	token, err := s.token()
	if err != nil {
		return nil, err
	}
	return s.clientWith(token), nil
}

// token returns the token in RAMP_TOKEN, else that of the last login.
func (s *session) token() (string, error) {
	if err := s.checkServer(); err != nil {
		return "", err
	}
	if t := os.Getenv("RAMP_TOKEN"); t != "" {
		return strings.TrimSpace(t), nil
	}
	var login savedLogin
	b, err := os.ReadFile(s.file("login"))
	if err == nil {
		err = strictjson.UnmarshalOpen(b, &login)
	}
	if err != nil {
		return "", access.Errorf(access.CodeUnauthenticated, "not logged in to %s; run `ramp login`, or set RAMP_TOKEN", s.server)
	}
	if time.Now().After(login.Expires) {
		return "", access.Errorf(access.CodeUnauthenticated, "the login ended at %s; run `ramp login`", login.Expires.Local().Format(time.Kitchen))
	}
	return login.Token, nil
}

// clientWith returns a client that identifies itself as the command line, since
// events record through which interface somebody acted.
func (s *session) clientWith(token string) *client.Client {
	c := client.New(s.server, token)
	c.UserAgent = "ramp-cli/" + version.String()
	if s.server == usualServer {
		c.Elsewhere = "; if Ramp is elsewhere, set RAMP_SERVER or give --server, as in http://127.0.0.1:9090"
	}
	return c
}

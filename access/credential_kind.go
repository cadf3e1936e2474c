package access

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// CredentialKind says what a credential of one kind may bring to the requester's
// machine. It reaches the client through a worker, Temporal and the server, and
// anybody who holds one of them must not be able to run anything on that machine by
// it (docs/threats.md, case 54). So only what is listed here may come, and nothing that a shell,
// a loader or an SDK would run.
type CredentialKind struct {
	Env   []string // variables that it may set
	Files []string
	// Arguments of programs that read no environment, exactly these; {{dir}} is the
	// directory of the files.
	Arguments map[string][]string
	// Families are beginnings of variables that speak to the same programs: the
	// user's own would stand beside the credential's (docs/threats.md, case 78).
	Families []string
	// Only says that nobody uses the access without such a credential: where none was picked
	// up, it was not used.
	Only bool
}

// DetailCredential is the detail of an event about a credential that holds its kind.
const DetailCredential = "credential"

// CredentialKinds returns the kinds that clients accept. A new kind of target that
// mints is a line here.
func CredentialKinds() map[string]CredentialKind {
	useOptions := []string{"--defaults-file={{dir}}/my.cnf"} // and no file of the user's own, which could say another account
	useConfig := []string{"-F", "{{dir}}/config"}
	return map[string]CredentialKind{
		"ssh": {
			Files:     []string{"id", "id-cert.pub", "known_hosts", "config"},
			Arguments: map[string][]string{"ssh": useConfig, "scp": useConfig, "sftp": useConfig},
			Families:  []string{"SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_ASKPASS"},
			Only:      true,
		},
		"vault": {
			Env:      []string{"VAULT_ADDR", "VAULT_TOKEN", "VAULT_NAMESPACE", "VAULT_CACERT_BYTES"},
			Families: []string{"VAULT_", "BAO_"},
			Only:     true,
		},
		"postgres": {
			// Not PGSSLKEY, which may name a library to load, nor PGSERVICEFILE: the client
			// writes that file itself.
			Env:      []string{"PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGSSLMODE", "PGSSLROOTCERT"},
			Files:    []string{"root.crt"},
			Families: []string{"PG"},
			Only:     true,
		},
		"mysql": {
			// Not MYSQL_PWD, which the clients themselves refuse or warn of, nor an option file:
			// the client writes that itself.
			Env:   []string{"MYSQL_HOST", "MYSQL_TCP_PORT", "MYSQL_DATABASE", "MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_SSL_CA"},
			Files: []string{"ca.pem"},
			Arguments: map[string][]string{"mysql": useOptions, "mariadb": useOptions, "mysqldump": useOptions, "mariadb-dump": useOptions,
				"mysqlimport": useOptions, "mariadb-import": useOptions, "mysqlshow": useOptions, "mariadb-show": useOptions},
			Families: []string{"MYSQL_", "MARIADB_"},
			Only:     true,
		},
		"kubernetes": {
			// Not KUBECONFIG: such a file may name a program to run, so the client writes it
			// itself. Terraform's provider reads these, too.
			Env:      []string{"KUBE_HOST", "KUBE_TOKEN", "KUBE_NAMESPACE", "KUBE_CLUSTER_CA_CERT_DATA"},
			Families: []string{"KUBE", "HELM_KUBE"},
			Only:     true,
		},
		"aws": {
			// Not AWS_CONFIG_FILE and the like: such a file may name a program to run.
			Env:      []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"},
			Families: []string{"AWS_"},
		},
		// What a Terraform module hands out, as one file that nothing reads by itself.
		"terraform": {Files: []string{"outputs.json"}, Only: true},
	}
}

// commandAlias is a host that a credential's default command may name. It begins
// with no dash, which would make it an option.
var commandAlias = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

const maxHint = 400 // bytes

// Validate returns nil for a credential that brings nothing but what its kind may.
// Errors are CodeEvidence.
func (c Credential) Validate() error {
	kind, known := CredentialKinds()[c.Kind]
	if !known {
		return Errorf(CodeEvidence, "the credential is of kind %q, which this version of ramp does not know; it was not used", Clip(c.Kind, 40))
	}
	refuse := func(what string) error {
		return Errorf(CodeEvidence, "the credential is not one of kind %s: it %s; it was not used", c.Kind, what)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		if !slices.Contains(kind.Env, name) {
			return refuse("sets " + Clip(strings.Map(visible, name), 60))
		}
		if strings.ContainsRune(c.Env[name], 0) {
			return refuse("has a value that no variable can have")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		if !slices.Contains(kind.Files, name) {
			return refuse("has a file " + Clip(strings.Map(visible, name), 60))
		}
	}
	for program, arguments := range c.Arguments {
		if !slices.Equal(arguments, kind.Arguments[program]) {
			return refuse("gives arguments to " + Clip(strings.Map(visible, program), 60))
		}
	}
	if n := len(c.Command); n > 0 && (n != 2 || kind.Arguments[c.Command[0]] == nil || !commandAlias.MatchString(c.Command[1])) {
		return refuse("names a command")
	}
	if strings.ContainsFunc(c.Hint, func(r rune) bool { return !unicode.IsPrint(r) }) || len(c.Hint) > maxHint {
		return refuse("has a hint that is not one line")
	}
	return nil
}

func visible(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '·'
}

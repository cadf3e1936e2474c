// A credential reaches this page through a worker, Temporal and the server, and
// anybody who holds one of them must not be able to run anything on the person's
// machine by it. So a credential brings what its kind may and nothing else, as for
// the command line: kinds is access.CredentialKinds, which the page carries.

const same = (a, b) => Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((v, i) => v === b[i]);
const own = (o, name) => (Object.hasOwn(o ?? {}, name) ? o[name] : undefined);
const alias = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

// What is taken of a credential's ssh_config; a ProxyCommand, say, would be run.
const facts = {
  Host: alias,
  HostName: /^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$/,
  Port: /^[0-9]{1,5}$/,
  User: /^[a-z_][a-z0-9_-]{0,31}$/,
};

function refuse(what) {
  throw new Error("the credential " + what + "; it was not used");
}

// believed returns the credential with an ssh_config of the page's own, or throws.
export function believed(c, kinds) {
  const kind = own(kinds, c.kind) ?? refuse("is of a kind that this page does not know");
  for (const [name, value] of Object.entries(c.env ?? {})) {
    if (!kind.Env?.includes(name)) refuse("sets a variable that its kind has none of");
    if (typeof value !== "string" || value.includes("\0")) refuse("has a value that no variable can have");
  }
  const files = { ...(c.files ?? {}) };
  for (const [name, content] of Object.entries(files)) {
    if (!kind.Files?.includes(name) || typeof content !== "string") refuse("has a file that its kind has none of");
  }
  for (const [program, args] of Object.entries(c.arguments ?? {})) {
    if (!same(args, own(kind.Arguments, program))) refuse("gives arguments to a program");
  }
  const command = c.command ?? [];
  if (command.length && (command.length !== 2 || !own(kind.Arguments, command[0]) || !alias.test(command[1]))) refuse("names a command");
  if (c.hint && (c.hint.length > 400 || /[\p{C}\p{Zl}\p{Zp}]/u.test(c.hint))) refuse("has a hint that is not one line");
  if (c.kind === "ssh") files.config = sshConfig(files.config ?? "");
  return { ...c, files };
}

function sshConfig(theirs) {
  const found = {};
  for (const line of theirs.split("\n")) {
    const [key, ...values] = line.trim().split(/\s+/);
    const shape = own(facts, key);
    if (!shape || !values.length) continue;
    if (Object.hasOwn(found, key) || values.length !== 1 || !shape.test(values[0])) refuse("has an ssh configuration with no usable " + key);
    found[key] = values[0];
  }
  const port = Number(found.Port);
  if (Object.keys(found).length !== Object.keys(facts).length || port < 1 || port > 65535) refuse("has an ssh configuration without host, port and user");
  return `Host ${found.Host}
  HostName ${found.HostName}
  Port ${port}
  User ${found.User}
  IdentityFile "{{dir}}/id"
  CertificateFile "{{dir}}/id-cert.pub"
  UserKnownHostsFile "{{dir}}/known_hosts"
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  UpdateHostKeys no
  IdentitiesOnly yes
  IdentityAgent none
  PreferredAuthentications publickey
  ControlMaster no
  ControlPath none
  ProxyCommand none
  PermitLocalCommand no
`;
}

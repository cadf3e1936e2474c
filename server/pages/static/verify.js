// Verifies that events are in the log of a signed checkpoint: RFC 6962 inclusion proofs,
// c2sp.org/tlog-checkpoint, signatures of Ed25519 or of ECDSA on P-256. Nothing here
// touches the page.

const text = new TextEncoder();
export const decode64 = (s) => Uint8Array.from(atob(s), (c) => c.charCodeAt(0));
const encode64 = (b) => btoa(String.fromCharCode(...b));
const hex = (b) => [...b].map((n) => n.toString(16).padStart(2, "0")).join("");
const sha256 = async (...parts) => {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) { all.set(p, at); at += p.length; }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
};
const same = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);

// Microseconds since 1970 of a time in UTC, as the log has it.
export function micros(at) {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z$/.exec(at);
  const seconds = parts && Date.parse(parts[1] + "Z") / 1000;
  if (!Number.isSafeInteger(seconds)) throw new Error("a time is not readable: " + at);
  return BigInt(seconds) * 1000000n + BigInt((parts[2] ?? "").padEnd(6, "0"));
}

// Names in the order in which Go sorts them: by the bytes of UTF-8.
function sorted(names) {
  return names.map((name) => [name, hex(text.encode(name))]).sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([name]) => name);
}

// The bytes of an event in the log (access.Event.Leaf): netstrings in fixed order.
export function leafOf(e) {
  const fields = ["ramp event 1", String(e.seq), String(micros(e.at)), e.requestId ?? "", e.kind, e.actor, e.message ?? "", e.key ?? ""];
  for (const name of sorted(Object.keys(e.detail ?? {}))) fields.push(name, e.detail[name]);
  const parts = fields.flatMap((f) => {
    const bytes = text.encode(f);
    return [text.encode(bytes.length + ":"), bytes, text.encode(",")];
  });
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) { out.set(p, at); at += p.length; }
  return out;
}

// The root to which an inclusion proof leads from a leaf at a place in a log of a size;
// null if the proof fits no such log.
export async function rootOf(leaf, place, size, proof) {
  if (!Number.isSafeInteger(place) || !Number.isSafeInteger(size) || place < 0 || place >= size) return null;
  const sides = []; // from the root down: whether the leaf is in the left part
  for (let low = 0, high = size; high - low > 1;) {
    let k = 1;
    while (k * 2 < high - low) k *= 2;
    const left = place < low + k;
    sides.push(left);
    if (left) high = low + k; else low += k;
  }
  if (!Array.isArray(proof) || proof.length !== sides.length) return null;
  let node = await sha256([0], leaf);
  for (const sibling of proof) {
    const other = decode64(sibling);
    if (other.length !== 32) return null;
    node = sides.pop() ? await sha256([1], node, other) : await sha256([1], other, node);
  }
  return node;
}

// Reads a checkpoint strictly; it verifies no signature.
export function readCheckpoint(signed) {
  const end = signed.indexOf("\n\n");
  const body = signed.slice(0, end + 1), lines = body.split("\n");
  const signature = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})\n$/.exec(signed.slice(end + 2));
  if (end < 0 || lines.length !== 4 || !/^(0|[1-9]\d{0,15})$/.test(lines[1]) || !signature || signature[1] !== lines[0]) throw new Error("the checkpoint is malformed");
  const root = decode64(lines[2]);
  if (root.length !== 32 || encode64(root) !== lines[2]) throw new Error("the checkpoint is malformed");
  return { origin: lines[0], size: Number(lines[1]), root, body, signature: decode64(signature[2]).slice(4) };
}

// ECDSA's signature as WebCrypto wants it: r and s, of 32 bytes each, out of ASN.1.
function rawSignature(der) {
  const out = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1], value = der.slice(at + 2, at + 2 + length);
    if (der[at] !== 2 || value.length !== length) return null;
    const digits = value[0] === 0 ? value.slice(1) : value;
    if (digits.length > 32) return null;
    out.set(digits, end - digits.length);
    at += 2 + length;
  }
  return der[0] === 0x30 && der[1] === der.length - 2 && at === der.length ? out : null;
}

// Reports whether the key, SubjectPublicKeyInfo in base64, has signed. It throws where the
// browser knows no such keys.
async function signedBy(key, signature, message) {
  const der = decode64(key);
  const ed25519 = der.length === 44 && hex(der.slice(0, 12)) === "302a300506032b6570032100";
  const kind = ed25519 ? { name: "Ed25519" } : { name: "ECDSA", namedCurve: "P-256" };
  let imported;
  try {
    imported = await crypto.subtle.importKey("spki", der, kind, false, ["verify"]);
  } catch (e) {
    throw new Error("this browser cannot use the key (" + kind.name + ")", { cause: e });
  }
  const raw = ed25519 ? signature : rawSignature(signature);
  return raw !== null && crypto.subtle.verify(ed25519 ? kind : { name: "ECDSA", hash: "SHA-256" }, imported, raw, message);
}

// Verifies a checkpoint under one of some keys, and returns it with the fingerprint of the
// key; throws where none has signed it.
export async function verifyCheckpoint(signed, keys) {
  const checkpoint = readCheckpoint(signed);
  let unusable;
  for (const key of keys) {
    try {
      if (await signedBy(key, checkpoint.signature, text.encode(checkpoint.body))) return { ...checkpoint, key: "sha256:" + hex(await sha256(decode64(key))) };
    } catch (e) {
      unusable = e;
    }
  }
  throw unusable ?? new Error("the checkpoint of the log is not signed by " + (keys.length === 1 ? "the key" : "any of the keys"));
}

// Reads a public key in PEM, and returns its SubjectPublicKeyInfo in base64.
export function readKey(pem) {
  const found = /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/.exec(pem);
  if (!found) throw new Error("your copy of the key is not a public key in PEM");
  return found[1].replace(/\s+/g, "");
}

const lines = (s) => (s ?? "").replace(/\r\n?/g, "\n"); // as HTML has them

// Returns what of an event a page shows otherwise than the event has it; empty if nothing.
export function differences(event, shown) {
  const wrong = [];
  const is = { seq: String(event.seq), actor: event.actor, kind: event.kind, message: event.message ?? "", requestId: event.requestId ?? "", at: event.at.slice(0, 19) + "Z" };
  for (const [name, value] of Object.entries(is)) if (lines(shown[name]) !== lines(value)) wrong.push(name);
  const details = event.detail ?? {};
  for (const name of new Set([...Object.keys(details), ...Object.keys(shown.detail ?? {})])) {
    if (!Object.hasOwn(details, name) || !Object.hasOwn(shown.detail ?? {}, name) || lines(shown.detail[name]) !== lines(details[name])) wrong.push(name);
  }
  return wrong;
}

// Verifies rows, each of which says its place in the log and what it shows, against proofs
// as the server gives them. Returns the checkpoint, and for each row why it is not verified;
// "" if it is.
export async function verifyRows(rows, proofs, keys) {
  const checkpoint = await verifyCheckpoint(proofs.checkpoint, keys);
  const items = new Map(proofs.items.map((item) => [item.leaf, item]));
  const results = [];
  for (const { leaf, shown } of rows) {
    const item = items.get(leaf);
    if (!item) {
      results.push("it is no longer there");
      continue;
    }
    const root = await rootOf(leafOf(item.event), leaf, checkpoint.size, item.proof);
    if (root === null || !same(root, checkpoint.root) || item.event.seq !== leaf + 1) results.push("it is not what was recorded");
    else {
      const wrong = differences(item.event, shown);
      results.push(wrong.length ? "the page shows something else: " + wrong.join(", ") : "");
    }
  }
  return { checkpoint, results };
}

// HPKE (RFC 9180), base mode, one message: what evidence/sealed.go seals with.
// X25519, HKDF-SHA256, AES-256-GCM, all of them the browser's own.

export const suite = "X25519-HKDF-SHA256-AES256GCM";

const text = new TextEncoder();
const bytes = (...parts) => {
  const all = parts.map((p) => (typeof p === "string" ? text.encode(p) : new Uint8Array(p)));
  const out = new Uint8Array(all.reduce((n, a) => n + a.length, 0));
  let at = 0;
  for (const a of all) { out.set(a, at); at += a.length; }
  return out;
};
const none = new Uint8Array(0);
const kem = bytes("KEM", [0x00, 0x20]); // DHKEM(X25519, HKDF-SHA256)
const hpke = bytes("HPKE", [0x00, 0x20], [0x00, 0x01], [0x00, 0x02]);

// HMAC pads its key with zeros, so 32 of them are the empty key that
// importKey refuses.
async function hmac(key, message) {
  const k = await crypto.subtle.importKey("raw", key.length ? key : new Uint8Array(32), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", k, message));
}

const extract = (id, salt, label, ikm) => hmac(salt, bytes("HPKE-v1", id, label, ikm));

// One block of HKDF's expansion is enough for every length here (32 at most).
const expand = async (id, prk, label, info, length) =>
  (await hmac(prk, bytes([0, length], "HPKE-v1", id, label, info, [1]))).slice(0, length);

const decode = (s) => Uint8Array.from(atob(s), (c) => c.charCodeAt(0));
const encode = (b) => btoa(String.fromCharCode(...b));

// newRecipient makes a key pair whose private half cannot be read, not even by
// this page. It is gone with the page.
export async function newRecipient() {
  const pair = await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]);
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { public: encode(publicKey), open: (sealed, context) => open(pair.privateKey, publicKey, sealed, context) };
}

async function open(privateKey, publicKey, sealed, context) {
  if (sealed.suite !== suite) throw new Error("sealed in a way that this page does not know: " + sealed.suite);
  const box = decode(sealed.box);
  const enc = box.slice(0, 32);
  const theirs = await crypto.subtle.importKey("raw", enc, { name: "X25519" }, false, []);
  const dh = new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: theirs }, privateKey, 256));
  const shared = await expand(kem, await extract(kem, none, "eae_prk", dh), "shared_secret", bytes(enc, publicKey), 32);
  const schedule = bytes([0], await extract(hpke, none, "psk_id_hash", none), await extract(hpke, none, "info_hash", text.encode(context)));
  const secret = await extract(hpke, shared, "secret", none);
  const key = await crypto.subtle.importKey("raw", await expand(hpke, secret, "key", schedule, 32), "AES-GCM", false, ["decrypt"]);
  const iv = await expand(hpke, secret, "base_nonce", schedule, 12);
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, box.slice(32)));
}

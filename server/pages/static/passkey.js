// Asks the person's device for signatures (WebAuthn). What it signs was made on
// the server from the plan, and is checked by what opens access.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const words = (list) => list.split(" ").filter(Boolean);
const keys = (list) => words(list).map((id) => ({ type: "public-key", id: bytes(id) }));

const within = 120000; // milliseconds, for the person to find the key

async function approval({ challenge, rp, keys: mine }) {
  const made = await navigator.credentials.get({ publicKey: { challenge: bytes(challenge), rpId: rp, allowCredentials: keys(mine),
    userVerification: "required", timeout: within } });
  const r = made.response;
  return { credentialId: made.id, authenticatorData: text(r.authenticatorData), clientDataJSON: text(r.clientDataJSON), signature: text(r.signature) };
}

async function enrolment({ challenge, rp, user, person, keys: mine, algorithms }) {
  const made = await navigator.credentials.create({ publicKey: { challenge: bytes(challenge), rp: { id: rp, name: "Ramp" },
    user: { id: bytes(user), name: person, displayName: person }, attestation: "none", timeout: within,
    pubKeyCredParams: words(algorithms).map((alg) => ({ type: "public-key", alg: Number(alg) })), excludeCredentials: keys(mine),
    authenticatorSelection: { userVerification: "required", residentKey: "preferred" } } });
  const r = made.response;
  return { id: made.id, rawId: text(made.rawId), type: made.type,
    response: { clientDataJSON: text(r.clientDataJSON), attestationObject: text(r.attestationObject) } };
}

const reasons = {
  NotAllowedError: "The device did not sign: it was declined, or took too long.",
  InvalidStateError: "This device has a passkey here already.",
  SecurityError: "Browsers have no passkeys at this address.",
};

// Fills the form with what the device signed, then sends it.
export async function sign(form, button) {
  const said = form.querySelector("[data-said]");
  said.hidden = true;
  form.dataset.busy = "";
  try {
    if (!navigator.credentials) throw new DOMException("", "SecurityError");
    const [field, ask] = "enrol" in form.dataset ? ["response", enrolment(form.dataset)] : ["passkey", approval(button.dataset)];
    form.elements[field].value = JSON.stringify(await ask);
    form.dataset.signed = "";
    form.requestSubmit(button);
  } catch (e) {
    said.textContent = reasons[e.name] ?? "The device did not sign: " + e.message;
    said.hidden = false;
  } finally {
    delete form.dataset.busy;
  }
}

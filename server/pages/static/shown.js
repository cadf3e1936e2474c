// Compares what the page shows of a plan with the bytes of the plan that was signed,
// and takes their digest: an approver decides on what they read, and on nothing that
// only says so.

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");

export const digestOf = async (payload) => "sha256:" + hex(await crypto.subtle.digest("SHA-256", payload));

// What a passkey signs to approve the plan of a digest, in base64url.
export async function challengeOf(id, digest) {
  const text = ["ramp passkey decision v1", id, digest, "approve"].join("\0");
  const sum = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(sum))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// words says a duration as the page does: 1h30m is "1 hour 30 minutes".
export function words(duration) {
  const units = { h: 3600, m: 60, s: 1 };
  let rest = [...duration.matchAll(/(\d+)([hms])/g)].reduce((sum, [, n, unit]) => sum + n * units[unit], 0);
  const parts = [];
  for (const [length, name] of [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]]) {
    const n = Math.floor(rest / length);
    if (n) parts.push(n + " " + name + (n === 1 ? "" : "s"));
    rest -= n * length;
  }
  return parts.join(" ") || "no time";
}

function signedText(plan, path) {
  const value = path.reduce((at, name) => (at !== null && typeof at === "object" && Object.hasOwn(at, name) ? at[name] : undefined), plan);
  return path[0] === "duration" && typeof value === "string" ? words(value) : value;
}

// The paths of what nobody may approve without having read it.
function needed(plan) {
  const of = (grant, i) => [["grants", i, "target"], ["grants", i, "scope", "summary"],
    ...Object.keys(grant.scope.facts ?? {}).map((fact) => ["grants", i, "scope", "facts", fact])];
  return [["requester", "id"], ["principal"], ["duration"], ["reason"], ...plan.grants.flatMap(of)];
}

// Returns what is wrong with a page that shows these texts, each with its path; empty
// if nothing is.
export function differences(plan, id, texts) {
  if (plan.requestId !== id) return ["the signed plan is another request's"];
  const shown = new Map();
  const wrong = [];
  for (const { path, text } of texts) {
    shown.set(JSON.stringify(path), true);
    if (signedText(plan, path) !== text) wrong.push(path.join(" ") + " is not what was signed");
  }
  for (const path of needed(plan)) if (!shown.has(JSON.stringify(path))) wrong.push(path.join(" ") + " is not shown");
  return wrong;
}

// Returns the digest of the plan that the page shows; throws if the page shows another
// one.
export async function shownDigest(form) {
  const payload = bytes(form.dataset.signedPlan);
  const plan = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  const texts = [...document.querySelectorAll("[data-plan]")].map((e) => ({ path: JSON.parse(e.dataset.plan), text: e.textContent }));
  const wrong = differences(plan, form.dataset.planOf, texts);
  if (wrong.length) throw new Error(wrong.join("; "));
  return digestOf(payload);
}

// Has a form name the digest of what the page shows. Returns false, and says why, where
// the page shows another plan than the signed one.
export async function bind(form, button) {
  const said = form.querySelector("[data-said]");
  try {
    const digest = await shownDigest(form);
    if (form.elements.planDigest.value !== digest) throw new Error("the digest is another plan's");
    const { challenge } = button.dataset;
    if (challenge && challenge !== (await challengeOf(form.dataset.planOf, digest))) throw new Error("the passkey would sign for another plan");
    form.dataset.bound = "";
    return true;
  } catch (e) {
    said.textContent = "Nothing was sent: this page does not show the plan that was signed (" + e.message + "). Tell your operators.";
    said.hidden = false;
    return false;
  }
}

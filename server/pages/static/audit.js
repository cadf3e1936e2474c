// Verifies the events of an audit page in the browser, and marks them.
import { verifyRows, readKey } from "./verify.js";

const section = document.getElementById("verify"), button = document.getElementById("verify-now");
const said = document.getElementById("verified"), own = document.getElementById("own-key");
const kept = "ramp.audit.key", atOnce = 100;

function shownIn(row) {
  const shown = { at: row.querySelector("time")?.dateTime, detail: {} };
  for (const e of row.querySelectorAll("[data-is]")) shown[e.dataset.is] = e.textContent;
  for (const e of row.querySelectorAll("[data-detail]")) shown.detail[e.dataset.detail] = e.textContent;
  return { leaf: Number(row.dataset.leaf), shown };
}

function keys() {
  return own.value.trim() ? [readKey(own.value)] : section.dataset.keys.trim().split(/\s+/);
}

async function proofsOf(rows) {
  const res = await fetch("/api/v1/audit/proofs?" + rows.map((row) => "leaf=" + encodeURIComponent(row.leaf)).join("&"), { headers: { Accept: "application/json" } });
  const body = await res.json().catch(() => ({}));
  if (!res.ok) throw new Error(body.detail || "Ramp has no proofs now (" + res.status + ")");
  return body;
}

function say(text, state) {
  said.textContent = text;
  section.dataset.result = state;
}

async function verify() {
  const all = [...document.querySelectorAll("tr[data-leaf]")];
  for (const row of all) {
    row.classList.remove("good", "bad");
    row.querySelector(".mark").textContent = "";
  }
  say("Verifying…", "busy");
  button.disabled = true;
  try {
    const use = keys();
    let bad = 0, last;
    for (let i = 0; i < all.length; i += atOnce) {
      const some = all.slice(i, i + atOnce), rows = some.map(shownIn);
      const { checkpoint, results } = await verifyRows(rows, await proofsOf(rows), use);
      last = checkpoint;
      results.forEach((why, n) => {
        some[n].classList.add(why ? "bad" : "good");
        some[n].querySelector(".mark").textContent = why ? "NOT verified: " + why : "✓ in the log";
        if (why) bad++;
      });
    }
    const log = `the log ${last.origin} of ${last.size} events, signed by the key ${last.key}, which ${own.value.trim() ? "you gave" : "this server gave"}.`;
    if (bad) say(`Not verified: ${bad} of the ${all.length} events on this page ${bad === 1 ? "is not as it is" : "are not as they are"} in ${log} Tell those who run Ramp, and verify the whole log with “ramp audit verify”.`, "bad");
    else say(`Verified by your browser: ${all.length === 1 ? "the event" : "all " + all.length + " events"} on this page ${all.length === 1 ? "is" : "are"} in ${log}`, "good");
  } catch (e) {
    for (const row of all) row.classList.remove("good", "bad"), (row.querySelector(".mark").textContent = "");
    say("Nothing was verified: " + e.message + ".", "bad");
  }
  button.disabled = false;
}

if (section) {
  try {
    own.value = localStorage.getItem(kept) ?? "";
  } catch { /* a browser that keeps nothing asks for the key each time */ }
  own.addEventListener("change", () => {
    try {
      if (own.value.trim()) localStorage.setItem(kept, own.value);
      else localStorage.removeItem(kept);
    } catch { /* likewise */ }
  });
  if (window.isSecureContext && window.crypto?.subtle) {
    button.hidden = false;
    button.addEventListener("click", verify);
  } else say("Your browser verifies only over https, or on this machine.", "bad");
}

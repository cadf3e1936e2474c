// Everything here is a comfort: the pages are whole without it.
"use strict";

const thisYear = new Date().getFullYear();
const format = (more) => new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", ...more });
const inLists = format({}), exact = format({ second: "2-digit" }), ofOtherYears = format({ year: "numeric", second: "2-digit" });
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

function localTimes() {
  for (const t of document.querySelectorAll("time[datetime]:not([title])")) {
    const at = new Date(t.dateTime);
    if (t.closest("[data-utc]")) { // as what the page's filters take
      t.title = ofOtherYears.format(at) + ", " + zone;
      continue;
    }
    t.title = t.textContent;
    t.textContent = (at.getFullYear() !== thisYear ? ofOtherYears : t.closest(".rows") ? inLists : exact).format(at);
  }
  document.getElementById("zone").textContent = document.querySelector("[data-utc]") ? "Times are in UTC." : "Times are in your zone, " + zone + ".";
}

function countDown() {
  for (const s of document.querySelectorAll(".left[data-until]")) {
    const left = Math.round((new Date(s.dataset.until) - Date.now()) / 1000);
    const h = Math.floor(left / 3600), m = Math.floor(left / 60) % 60, sec = left % 60;
    const pad = (n) => String(n).padStart(2, "0");
    s.textContent = left <= 0 ? "over" : (h ? h + ":" + pad(m) : m) + ":" + pad(sec) + " left";
    s.classList.toggle("soon", left < 60);
  }
}

// A page can be the recipient of a credential only where the browser keeps keys.
function offerPickUp() {
  if (!window.isSecureContext || !window.crypto?.subtle) return;
  for (const p of document.querySelectorAll(".pick-up")) p.hidden = false;
}

function enhance() {
  localTimes();
  countDown();
  offerPickUp();
}

// Somebody who is typing must not lose what they typed.
function typing() {
  return [...document.querySelectorAll("main input, main textarea")].some(
    (f) => f === document.activeElement || (f.type !== "hidden" && f.value !== f.defaultValue))
    || document.querySelector("form[data-busy]") !== null;
}

function say(text) {
  document.getElementById("said").textContent = text;
}

const live = () => document.querySelector("[data-live]");

async function refresh() {
  const res = await fetch(document.body.dataset.self, { headers: { Accept: "text/html" } });
  if (!res.ok || res.redirected) return location.reload();
  const next = new DOMParser().parseFromString(await res.text(), "text/html");
  if (typing()) {
    document.getElementById("changed").hidden = false;
    say("This page has changed meanwhile.");
    return;
  }
  const was = live()?.dataset.state, focused = document.activeElement?.id;
  for (const part of ["main", "header.bar"]) {
    document.querySelector(part).replaceWith(document.adoptNode(next.querySelector(part)));
  }
  document.title = next.title;
  document.body.dataset.after = next.body.dataset.after;
  enhance();
  if (focused) document.getElementById(focused)?.focus();
  const now = live()?.dataset.state;
  if (now !== was) {
    say("Now " + now + ": " + live().dataset.means);
    document.dispatchEvent(new CustomEvent("ramp:state", { detail: now }));
  }
}

let events, due;

// A browser has few connections to one site: only pages that are seen follow.
// Every event of a request is in its timeline, so that each changes the page.
function follow() {
  events?.close();
  if (!live() || document.hidden) return;
  const only = live().dataset.live;
  const source = events = new EventSource("/api/v1/events?after=" + document.body.dataset.after);
  const line = document.getElementById("line");
  source.onopen = () => { line.textContent = "This page is updated live."; };
  // The page is reloaded before it follows again, so that it shows all of what
  // happened meanwhile, also where the log cannot tell.
  source.onerror = () => {
    source.close();
    if (source !== events) return;
    line.textContent = "Not connected to Ramp: what you see may be old.";
    setTimeout(again, 3000);
  };
  source.onmessage = (e) => {
    const { requestId } = JSON.parse(e.data);
    if (!requestId || (only && requestId !== only)) return;
    clearTimeout(due);
    due = setTimeout(() => refresh().catch(() => {}), 150);
  };
}

async function again() {
  if (document.hidden || !live()) return;
  await refresh().catch(() => {});
  follow();
}

document.addEventListener("visibilitychange", () => (document.hidden ? events?.close() : again()));

document.addEventListener("click", async (e) => {
  const button = e.target.closest("[data-pick-up]");
  if (!button) return;
  const { pickUp } = await import("./pickup.js");
  await pickUp(button);
});

// A form that wants a passkey is sent once the device has signed. An approval is sent
// once the page's own script has taken the digest of what the page shows.
document.addEventListener("submit", async (e) => {
  const form = e.target, button = e.submitter;
  if (button?.value === "approve" && form.dataset.signedPlan && globalThis.crypto?.subtle && !("bound" in form.dataset)) {
    e.preventDefault();
    const { bind } = await import("./shown.js");
    if (await bind(form, button)) form.requestSubmit(button);
    return;
  }
  if ("signed" in form.dataset || !("enrol" in form.dataset || button?.dataset.challenge)) return;
  e.preventDefault();
  const { sign } = await import("./passkey.js");
  await sign(form, button);
});

enhance();
follow();
if (document.querySelector("[data-choices]")) import("./choose.js").then(({ chooseIn }) => chooseIn(document));
document.getElementById("duration-other")?.addEventListener("change", () => document.getElementById("duration").focus());
const wrong = document.querySelector("main [aria-invalid=true]");
if (wrong) wrong.focus();

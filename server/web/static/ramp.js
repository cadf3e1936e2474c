// Everything here is a comfort: the pages are whole without it.
"use strict";

const zone = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

function localTimes(root) {
  for (const t of root.querySelectorAll("time[datetime]")) {
    t.title = t.textContent;
    t.textContent = zone.format(new Date(t.dateTime));
  }
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

// Somebody who is typing must not lose what they typed.
function typing() {
  return [...document.querySelectorAll("main input, main textarea")].some(
    (f) => f === document.activeElement || (f.type !== "hidden" && f.value !== f.defaultValue));
}

async function refresh() {
  if (typing()) {
    document.getElementById("changed").hidden = false;
    return;
  }
  const res = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!res.ok || res.redirected) return location.reload();
  const next = new DOMParser().parseFromString(await res.text(), "text/html");
  for (const part of ["main", "header.bar"]) {
    document.querySelector(part).replaceWith(document.adoptNode(next.querySelector(part)));
  }
  localTimes(document);
  countDown();
}

function follow() {
  const live = document.querySelector("[data-live]");
  if (!live) return;
  const only = live.dataset.live;
  let due;
  const events = new EventSource("/api/v1/events");
  const kinds = ["request.created", "decision.recorded", "request.approved", "request.denied", "request.cancelled",
    "request.lapsed", "request.failed", "request.scheduled", "grant.intended", "grant.opened", "access.active",
    "access.extended", "credential.minted", "access.ending", "access.overdue", "grant.closed", "access.ended"];
  for (const kind of kinds) {
    events.addEventListener(kind, (e) => {
      if (only && JSON.parse(e.data).requestId !== only) return;
      clearTimeout(due);
      due = setTimeout(refresh, 150);
    });
  }
}

localTimes(document);
countDown();
setInterval(countDown, 1000);
follow();

// Picks a credential up in the page. It is in memory only while its dialog is
// open: it is never stored, and closing the dialog or leaving the page forgets it.
import { believed } from "./believe.js";
import { newRecipient } from "./hpke.js";
import { tar } from "./tar.js";

let shown; // the open dialog

function forget() {
  shown?.remove();
  shown = undefined;
}

addEventListener("pagehide", forget);
document.addEventListener("ramp:state", (e) => { if (e.detail !== "active") forget(); });

export async function pickUp(button) {
  const grant = button.dataset.pickUp, target = button.dataset.target;
  const request = button.closest("[data-live]").dataset.live;
  button.disabled = true;
  try {
    show(request, target, believed(await fetchCredential(request, grant), JSON.parse(button.dataset.kinds)));
  } catch (err) {
    const help = button.parentElement.querySelector(".help");
    help.textContent = "Not picked up: " + err.message;
    help.setAttribute("role", "alert");
    help.classList.add("issue");
  } finally {
    button.disabled = false;
  }
}

async function fetchCredential(request, grant) {
  let key;
  try {
    key = await newRecipient();
  } catch {
    throw new Error("this browser has no X25519 keys; use the command line");
  }
  const res = await fetch("/api/v1/requests/" + request + "/credentials", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ grant, recipient: key.public }),
  });
  const answer = await res.json();
  if (!res.ok) throw new Error(answer.detail || answer.title);
  const opened = await key.open(answer, "ramp credential v1\0" + request + "\0" + grant);
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(opened));
}

function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) {
    if (typeof v === "function") e.addEventListener(k, v);
    else e.setAttribute(k, v);
  }
  e.append(...children);
  return e;
}

// copyButton says what it copies to those who do not see where it stands.
function copyButton(label, what, content) {
  const says = el("span", { role: "status" }, label);
  return el("button", { type: "button", click: async () => {
    says.textContent = await navigator.clipboard.writeText(content).then(() => "Copied", () => "Not copied: the browser refuses");
    setTimeout(() => { says.textContent = label; }, 2000);
  } }, says, el("span", { class: "hidden" }, " " + what));
}

function download(name, blob) {
  const url = URL.createObjectURL(blob);
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

const quoted = (s) => "'" + s.replaceAll("'", "'\\''") + "'";

// item is one secret: named, copied or kept by a button, seen only on purpose.
function item(name, content, ...buttons) {
  return el("li", {},
    el("div", { class: "line" }, el("code", {}, name), copyButton("Copy", name, content), ...buttons),
    el("details", {}, el("summary", {}, "Show"), el("pre", { tabindex: "0" }, el("code", {}, content))));
}

function show(request, target, c) {
  forget();
  const dir = "ramp-" + request, home = "~/.ramp/" + dir;
  // ssh reads ~ in its own files.
  const files = Object.entries(c.files || {}).map(([n, v]) => [n, v.replaceAll("{{dir}}", home)]);
  const env = Object.entries(c.env || {});
  const body = [];
  if (files.length) {
    const [program, ...own] = c.command || [];
    const first = ((c.arguments || {})[program] || []).map((a) => a.replaceAll("{{dir}}", home));
    const run = program ? [program, ...first, ...own].join(" ") : "";
    const commands = "mkdir -p ~/.ramp && tar -xf ~/Downloads/" + dir + ".tar -C ~/.ramp" + (run ? "\n" + run : "");
    body.push(el("h3", {}, "Files"),
      el("div", { class: "buttons" }, el("button", { type: "button", class: "go", id: "keep-all", click: () => download(dir + ".tar", tar(dir, files)) }, "Download them all")),
      el("p", { class: "help" }, "Then, in a terminal:"),
      el("div", { class: "line" }, el("pre", { tabindex: "0", class: "run" }, el("code", {}, commands)), copyButton("Copy", "the commands", commands)),
      el("h3", {}, "One by one"),
      el("ul", {}, ...files.map(([n, v]) => item(n, v,
        el("button", { type: "button", "aria-label": "Download " + n, click: () => download(n, new Blob([v])) }, "Download")))));
  }
  if (env.length) {
    // A shell reads $HOME between double quotes alone, and ~ in none.
    const exports = env.map(([n, v]) => "export " + n + "=" + quoted(v).replaceAll("{{dir}}", `'"$HOME"'/.ramp/` + dir)).join("\n") + "\n";
    body.push(el("h3", {}, "Environment"),
      el("div", { class: "buttons" }, copyButton("Copy as shell commands", "", exports)),
      el("ul", {}, ...env.map(([n, v]) => item(n, v.replaceAll("{{dir}}", "$HOME/.ramp/" + dir)))));
  }
  shown = el("dialog", { id: "credential", "aria-labelledby": "credential-title", close: forget },
    el("h2", { id: "credential-title" }, "Your credential for " + target),
    el("p", { class: "help" }, "Shown this once, kept nowhere. Closing this, or leaving the page, forgets it; picking up again makes a new one. Good until " +
      new Date(c.expiresAt).toLocaleTimeString() + "."),
    ...(c.hint ? [el("p", {}, c.hint)] : []),
    ...body,
    el("div", { class: "buttons" }, el("button", { type: "button", id: "forget", click: () => shown.close() }, "Close and forget")));
  document.body.append(shown);
  shown.showModal();
}

// A field whose values come from what a target has: it searches while somebody types, with
// the keyboard as the ARIA Authoring Practices have it for a combobox. Without this script
// the browser suggests the first of them, and the server judges what is sent either way.
"use strict";

const words = (one) => [one.label, ...Object.entries(one.attributes || {}).map(([k, v]) => k + " " + v)].filter(Boolean).join(" · ");

function element(tag, more, ...children) {
  const e = Object.assign(document.createElement(tag), more);
  e.append(...children);
  return e;
}

function choose(field) {
  const input = field.querySelector("input"), chosen = field.querySelector(".chosen");
  const list = element("ul", { id: input.id + "-options", hidden: true }), status = element("p", { className: "help", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels[0].textContent);
  status.setAttribute("role", "status");
  input.after(element("div", { className: "popup" }, list, status));
  input.removeAttribute("list");
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) input.setAttribute(name, value);

  let active = -1, next = "", asking = null, soon = 0, found = [], entered = false;

  function close() {
    list.hidden = status.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(n) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = n;
    const option = list.children[n];
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
    if (next && n > found.length - 5) ask(next);
  }

  function take(n) {
    input.value = found[n].value;
    chosen.textContent = words(found[n]);
    close();
  }

  function show(page, cursor) {
    if (!cursor) {
      list.replaceChildren();
      found = [];
    }
    for (const one of page.items) {
      const n = found.push(one) - 1;
      const option = element("li", { id: list.id + "-" + n }, element("span", { className: "value", dir: "auto", textContent: one.value }));
      if (words(one)) option.append(element("span", { className: "dim", dir: "auto", textContent: words(one) }));
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      list.append(option);
    }
    next = page.nextCursor || "";
    status.textContent = page.unknown ? "Nothing can be listed: " + page.unknown + "."
      : found.length === 0 ? "Nothing that you may choose matches." : next ? "These are the first " + found.length + "; type to search." : "";
    list.hidden = found.length === 0;
    status.hidden = status.textContent === "";
    input.setAttribute("aria-expanded", String(!list.hidden));
    if (!cursor) list.scrollTop = 0;
  }

  async function ask(cursor) {
    if (cursor && asking?.cursor === cursor) return;
    asking?.abort();
    const mine = asking = new AbortController();
    mine.cursor = cursor;
    const address = field.dataset.choices + "?" + new URLSearchParams({ q: input.value, cursor, limit: "50" });
    const res = await fetch(address, { headers: { Accept: "application/json" }, signal: mine.signal }).catch(() => null);
    if (mine.signal.aborted || document.activeElement !== input) return;
    show(res?.ok ? await res.json() : { items: [], unknown: res?.status === 401 ? "you are signed out; load this page again" : "Ramp cannot be reached" }, cursor);
  }

  function search() {
    clearTimeout(soon);
    soon = setTimeout(() => ask(""), 120);
  }

  input.addEventListener("input", () => { chosen.textContent = ""; active = -1; search(); });
  input.addEventListener("click", () => { if (list.hidden) ask(""); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (e) => {
    if (e.isComposing) return;
    const last = found.length - 1;
    if (e.key === "ArrowDown" && list.hidden) ask("");
    else if (e.key === "ArrowDown") mark(active < last ? active + 1 : 0);
    else if (e.key === "ArrowUp" && !list.hidden) mark(active > 0 ? active - 1 : last);
    else if (e.key === "PageDown" && !list.hidden) mark(Math.min(active + 8, last));
    else if (e.key === "PageUp" && !list.hidden) mark(Math.max(active - 8, 0));
    else if (e.key === "Enter" && !list.hidden && active >= 0) {
      entered = true;
      take(active);
    }
    else if (e.key === "Escape" && !(list.hidden && status.hidden)) close();
    else return;
    e.preventDefault();
  });
  // The key that took a choice does not also send the form.
  input.addEventListener("keypress", (e) => { if (entered && e.key === "Enter") e.preventDefault(); });
  input.addEventListener("keyup", () => { entered = false; });
  list.addEventListener("pointerdown", (e) => e.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (e) => {
    const n = [...list.children].indexOf(e.target.closest("li"));
    if (n >= 0) take(n);
  });
  list.addEventListener("scroll", () => { if (next && list.scrollTop + list.clientHeight > list.scrollHeight - 200) ask(next); });
  // The page may be in use before this script has come: who clicked by then waits for the list.
  if (document.activeElement === input) ask("");
}

export function chooseIn(page) {
  for (const field of page.querySelectorAll("[data-choices]")) choose(field);
}

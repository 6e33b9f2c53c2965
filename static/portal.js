// Everything here makes the pages faster to use; none of it is needed to use them.
// Behavior hangs on data- attributes and on delegation, so that swapped content works as well.
const root = document.documentElement;
const $ = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const wide = matchMedia("(min-width: 75em)");
const touch = matchMedia("(pointer: coarse)");
// The bar and the panel are sticky: focus there must not move the page.
const focusStill = (el) => el?.focus({ preventScroll: true });
const say = (text) => { const region = $("#say"); if (region) region.textContent = text; };

// What only works with script starts hidden: data-copy buttons and data-script.
const ready = (from) => all("[data-copy][hidden], [data-script][hidden]", from).forEach((el) => { el.hidden = false; });

// Assistant panel ------------------------------------------------------------------------------
const panel = $("#assistant");
const isOpen = () => panel && (wide.matches ? !panel.hidden : panel.classList.contains("is-shown"));
let opener = null;

// Below 75em (1200 px at the usual text size) the panel lies over the page.
const cover = () => all(".topbar, .sidenav, main, .tabbar").forEach((el) => { el.inert = !wide.matches && isOpen(); });

// The line of the cart that the open panel looks at.
function markLine() {
  const row = isOpen() && $("#as-ctx", panel)?.dataset.row;
  all(".tbl--cart [aria-current]").forEach((el) => el.removeAttribute("aria-current"));
  if (row) $(`#${row}`)?.setAttribute("aria-current", "true");
}

function showPanel(open, focus = true) {
  panel.hidden = !open;
  panel.classList.toggle("is-shown", open);
  $(".app").classList.toggle("has-panel", open);
  markLine();
  expanded();
  cover();
  if (!focus) return;
  focusStill(open ? $("[data-composer]", panel) || panel : opener?.isConnected ? opener : $("#assistant-button"));
}

// Narrow pages start with the panel closed, however it was left.
const expanded = () => all("[data-panel-toggle][aria-expanded]").forEach((el) => { el.setAttribute("aria-expanded", Boolean(isOpen())); });
wide.addEventListener("change", () => { expanded(); cover(); markLine(); });

async function togglePanel(from) {
  const open = !isOpen();
  if (open) opener = from;
  const url = panel.dataset.url;
  if (url && window.htmx) {
    const empty = !panel.firstElementChild;
    const sent = htmx.ajax("POST", url, { target: "#assistant", swap: open && empty ? "innerHTML" : "none", values: { open: open ? 1 : 0 } });
    if (open && empty) await sent;
  }
  showPanel(open);
  if (open && !placed) restorePanel();
}

// The last question comes to the top of the thread; the page stays where it is.
let placed = 0;
function lastQuestion() {
  const thread = $("#thread"), asked = thread && all(".me, .ai--refused, [data-error]", thread).at(-1);
  if (asked) thread.scrollTop = asked.offsetTop - 12;
  placed = thread ? thread.scrollTop : 0;
  newAnswer(false);
}
// Who scrolled up to read keeps the place; a button says that there is more.
const reads = (thread) => thread.scrollTop < placed - 8 && thread.scrollHeight - thread.clientHeight - thread.scrollTop > 40;
function newAnswer(there) { const button = $("#new-answer"); if (button) button.hidden = !there; }

// While an answer runs, Send is Stop; what was typed stays in the field.
let running = null, request = null;
function runs(elt, xhr = null) {
  if (running) busy(running, $("[aria-busy=true]", running), false);
  running = elt;
  request = xhr;
  const button = $("#composer > button");
  if (!button) return;
  button.type = elt ? "button" : "submit";
  button.toggleAttribute("data-stop", Boolean(elt));
  $(".vh", button).textContent = elt ? "Stop" : "Send";
}

// What is typed and how far the thread is scrolled go along to the next page of the same person.
const PANEL = "portal-panel";
function keepPanel() {
  const thread = $("#thread"), field = $("#composer-text");
  if (!thread || !field) return;
  const talk = $("#composer-keys [name=conversation]").value;
  sessionStorage.setItem(PANEL, JSON.stringify({ user: document.body.dataset.user, text: field.value, talk, top: thread.scrollTop }));
}
function restorePanel() {
  const kept = JSON.parse(sessionStorage.getItem(PANEL) || "null"), field = $("#composer-text");
  lastQuestion();
  if (!field || !kept || kept.user !== document.body.dataset.user) return;
  field.value ||= kept.text;
  if (kept.talk && kept.talk === $("#composer-keys [name=conversation]").value && !location.hash) $("#thread").scrollTop = kept.top;
}
addEventListener("pagehide", keepPanel);

// Menus ----------------------------------------------------------------------------------------
const menus = () => all("details[data-menu][open]");
const items = (menu) => all(".menu a[href], .menu button, .menu input:not([type=hidden])", menu);

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.("details[data-menu]") || !menu.open) return;
  menus().forEach((other) => { if (other !== menu) other.open = false; });
}, true);

function menuKey(event) {
  const menu = event.target.closest?.("details[data-menu], .menu[popover]");
  if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return false;
  if (menu.matches("details") && !menu.open) {
    if (event.key !== "ArrowDown" || event.target.tagName !== "SUMMARY") return false;
    menu.open = true;
  }
  const list = menu.matches("details") ? items(menu) : all("a[href], button", menu);
  const at = list.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[event.key];
  list.at(next >= list.length ? 0 : next)?.focus();
  return true;
}

// Clicks ---------------------------------------------------------------------------------------
document.addEventListener("click", async (event) => {
  const at = (selector) => event.target.closest(selector);
  menus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey);
  const toggle = at("[data-panel-toggle]");
  if (toggle && panel && plain && (panel.dataset.url || panel.firstElementChild)) {
    event.preventDefault();
    togglePanel(toggle);
  }
  const dialog = at("[data-dialog]") && document.getElementById(at("[data-dialog]").dataset.dialog);
  if (dialog && plain) { event.preventDefault(); dialog.showModal(); }
  // Not the second click of a double click on Send, whose place it takes.
  if (at("[data-stop]") && running && event.detail < 2) { event.preventDefault(); htmx.trigger(running, "htmx:abort"); say("Stopped. What you typed is kept."); }
  if (at("#new-answer")) lastQuestion();
  if (at("[data-dismiss]")) at(".bar")?.remove();
  if (at("[data-print]")) window.print();
  const copy = at("[data-copy]");
  if (copy) {
    try {
      await navigator.clipboard.writeText(copy.dataset.copy);
      say("Copied");
      copy.classList.add("is-done");
      setTimeout(() => copy.classList.remove("is-done"), 1500);
    } catch { say("Copying is blocked by the browser"); }
  }
  const off = at("[aria-disabled=true]");
  if (off) event.preventDefault();
});

document.addEventListener("change", (event) => {
  const show = event.target.dataset.showPassword;
  if (show) document.getElementById(show).type = event.target.checked ? "text" : "password";
});

// Keyboard -------------------------------------------------------------------------------------
let chord = 0;
const PLACES = { c: "customers", s: "subscriptions", d: "downloads", h: "support" };

function moveRow(step) {
  const rows = all("main tbody tr, main .lcard").filter((row) => row.offsetParent && (row.matches("a") || $("a[href]", row)));
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  (row?.matches("a") ? row : row && $("a[href]", row))?.focus();
}

function nextRegion() {
  const regions = all(".sidenav, #main, #assistant").filter((el) => el.offsetParent && !el.inert);
  const at = regions.findIndex((el) => el.contains(document.activeElement));
  const region = regions[(at + 1) % regions.length];
  focusStill(region?.id === "assistant" && $("[data-composer]", region) || region);
}

function escape() {
  const menu = menus()[0];
  if (menu) { menu.open = false; $("summary", menu).focus(); return true; }
  if (document.activeElement?.closest(".omni")) { document.activeElement.blur(); return true; }
  if (isOpen() && !wide.matches) { togglePanel(); return true; }
  return false;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const { key, target } = event;
  const field = target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const command = event.ctrlKey || event.metaKey;
  const done = () => event.preventDefault();
  if (key === "Enter" && target.matches?.("[data-composer]") && !event.shiftKey && !touch.matches) {
    done();
    if (target.value.trim()) target.form.requestSubmit();
  } else if (menuKey(event) || (key === "Escape" && escape())) done();
  else if (command && key.toLowerCase() === "k" && $("#global-search")) { done(); $("#global-search").select(); focusStill($("#global-search")); }
  else if (command && key.toLowerCase() === "i" && !event.shiftKey && $("#assistant-button")) { done(); $("#assistant-button").click(); }
  else if (key === "F6") { done(); nextRegion(); }
  else if (field || command || event.altKey || root.dataset.shortcuts === "off" || $("dialog[open]")) return;
  else if (Date.now() - chord < 1500 && PLACES[key]) { done(); $(`[data-nav="${PLACES[key]}"]`)?.click(); }
  else if (key === "/" && $("#global-search")) { done(); focusStill($("#global-search")); }
  else if (key === "?") { done(); $("#shortcuts-dialog")?.showModal(); }
  else if (key === "e" && $("[data-export]")) { done(); $("[data-export]").click(); }
  else if (key === "j") moveRow(1);
  else if (key === "k") moveRow(-1);
  chord = key === "g" && !field && !command ? Date.now() : 0;
});

// Forms: one press is one request ---------------------------------------------------------------
function busy(form, button, on) {
  if (on) form.dataset.sending = ""; else delete form.dataset.sending;
  if (!button) return;
  if (on) { button.setAttribute("aria-busy", "true"); if (button.dataset.busy) say(button.dataset.busy); }
  else button.removeAttribute("aria-busy");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if ("sending" in form.dataset) { event.preventDefault(); event.stopImmediatePropagation(); return; }
  keepDraft();
  const button = event.submitter;
  // After this handler, so that the pressed button's own name is still sent.
  setTimeout(() => { if (!event.defaultPrevented) busy(form, button, true); });
  setTimeout(() => busy(form, button, false), 8000);
}, true);
addEventListener("pageshow", (event) => {
  if (event.persisted) all("form[data-sending]").forEach((form) => { busy(form, $("[aria-busy=true]", form), false); });
});

// htmx -----------------------------------------------------------------------------------------
const on = (name, handler) => document.addEventListener(`htmx:${name}`, handler);

on("beforeRequest", ({ detail }) => {
  const form = detail.elt.closest("form");
  if (form && detail.requestConfig.verb !== "get") busy(form, detail.requestConfig.triggeringEvent?.submitter, true);
  detail.target?.setAttribute?.("aria-busy", "true");
  if (detail.target?.id === "thread") runs(detail.elt, detail.xhr);
  draft = "";
  sent = detail.elt.id === "composer" ? $("#composer-text").value : null;
});
on("afterRequest", ({ detail }) => {
  const form = detail.elt.closest?.("form");
  if (form) busy(form, $("[aria-busy=true]", form), false);
  // Not detail.target: an error goes elsewhere than what waited for an answer.
  detail.requestConfig.target?.removeAttribute?.("aria-busy");
  if (detail.xhr === request) runs(null);
  if (!detail.successful) return;
  offline(false);
  if (detail.requestConfig.verb !== "get") sessionStorage.removeItem(DRAFT);
});
on("beforeOnLoad", ({ detail }) => {
  if (detail.xhr.status === 401) keepDraft();
  // Signed in again in another window: a reload brings what was typed.
  else if (detail.xhr.getResponseHeader("X-Stale-Page")) keepDraft(true);
});
let reading = false, draft = "", sent = null; // what is typed and not sent outlives a new composer
on("beforeSwap", ({ detail }) => {
  const { xhr } = detail;
  if (detail.target.id === "thread") reading = reads(detail.target);
  const field = $("#composer-text");
  if (field && field.value !== sent) draft = field.value;
  if (xhr.status < 400 || xhr.status === 422) return;
  if (!xhr.getResponseHeader("X-Error-Fragment")) {
    // A page of a proxy, not of the portal. A view's own part (409) is swapped as usual.
    if (xhr.status >= 500 || xhr.responseText.includes("<html")) { detail.shouldSwap = false; offline(true); }
    return;
  }
  all("[data-error]").forEach((el) => el.remove());
  detail.selectOverride = "unset";
  const thread = detail.elt.closest(".assistant") && $("#thread");
  if (thread) { detail.target = thread; detail.swapOverride = "beforeend"; }
  else if (detail.requestConfig.verb === "get") detail.swapOverride = "afterbegin";
  else { detail.target = $("#bars"); detail.swapOverride = "innerHTML"; }
});
// An answer that arrives in a closed panel opens it.
on("afterSwap", ({ detail }) => {
  if (panel?.contains(detail.target) && detail.requestConfig.path !== panel.dataset.url && !isOpen()) showPanel(true, false);
});
on("afterSettle", ({ detail }) => {
  ready(document);
  markLine();
  if (draft && $("#composer-text")) $("#composer-text").value ||= draft;
  const next = detail.elt.matches?.("[data-focus]") ? detail.elt : $("[data-focus]", detail.elt);
  // A step of a request: its card comes into view, and what is pressed there keeps the focus.
  const step = (el) => el?.closest?.("#thread .ai");
  if (!next) {
    if ((detail.elt.closest?.("#thread") || $("#thread", detail.elt)) && !step(document.activeElement)) {
      if (reading) newAnswer(true); else lastQuestion();
    }
    reading = false;
    return;
  }
  if (!step(next) && $("#thread", detail.elt)) lastQuestion();
  if (step(next) && !next.matches("input")) $("#thread").scrollTop = step(next).offsetTop - 12;
  next.focus({ preventScroll: Boolean(step(next)) && !next.matches("input") });
  next.removeAttribute("data-focus");
});
on("sendError", () => offline(true));
on("timeout", () => offline(true));

// Network --------------------------------------------------------------------------------------
function offline(off) { const bar = $("#offline"); if (bar) bar.hidden = !off; }
// What looks again by itself rests while nobody sees the page, and looks at once when somebody does.
on("beforeRequest", (event) => { if (document.hidden && event.target.hasAttribute("data-poll")) event.preventDefault(); });
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const el of document.querySelectorAll("[data-poll]")) htmx.trigger(el, "wake");
});
addEventListener("offline", () => offline(true));
addEventListener("online", () => offline(false));

// Drafts: what was typed survives an ended session ----------------------------------------------
const DRAFT = "portal-draft";
const here = () => location.pathname + location.search;
const typed = (form) => [...form.elements].filter((el) => el.name && !["hidden", "password", "file", "submit", "button"].includes(el.type));
const changed = (el) => el.type === "checkbox" || el.type === "radio" ? el.checked !== el.defaultChecked
  : el.options ? [...el.options].some((option) => option.selected !== option.defaultSelected) : el.value !== el.defaultValue;
const forms = () => all("form[method=post]:not([data-no-draft])");

function keepDraft(waiting = false) {
  const fields = forms().flatMap((form, at) => typed(form).map((el, nth) => [at, form.getAttribute("action"), nth, el.name, el.checked ?? null, el.value, changed(el)]))
    .filter((field) => field.pop());
  if (fields.length) sessionStorage.setItem(DRAFT, JSON.stringify({ here: here(), user: document.body.dataset.user, fields, waiting }));
}

function restoreDraft() {
  const draft = JSON.parse(sessionStorage.getItem(DRAFT) || "null");
  if (!draft) return;
  // The sign-in page: the draft waits for the page it belongs to.
  if ("keepDraft" in document.body.dataset) { sessionStorage.setItem(DRAFT, JSON.stringify({ ...draft, waiting: true })); $("#ended")?.removeAttribute("hidden"); return; }
  sessionStorage.removeItem(DRAFT);
  if (!draft.waiting || draft.here !== here() || draft.user !== document.body.dataset.user) return;
  const list = forms();
  for (const [at, action, nth, name, checked, value] of draft.fields) {
    const form = list[at]?.getAttribute("action") === action ? list[at] : list.find((other) => other.getAttribute("action") === action);
    const el = form && typed(form)[nth];
    if (!el || el.name !== name) continue;
    if (el.type === "checkbox" || el.type === "radio") el.checked = checked; else el.value = value;
  }
  const bar = $("#kept");
  if (bar) bar.hidden = false;
}

const left = Number(document.body.dataset.sessionLeft);
if (left) setTimeout(() => { $("#ending").hidden = false; }, Math.max(left - 300, 0) * 1000);
ready(document);
expanded();
markLine();
restorePanel();
restoreDraft();
if (!navigator.onLine) offline(true);
$("[autofocus].errsum")?.focus();

// What every page does: keys, htmx's states, the messages that a lost server needs.
// Nothing here is needed to read or to send a form: without scripts the console still works.

const body = document.body;
const notices = document.getElementById("notices");
const csrf = document.querySelector('meta[name="csrf-token"]').content;

// Keys ------------------------------------------------------------------------------------

const typing = (target) =>
  target.closest("input:not([type=radio]):not([type=checkbox]), select, textarea, [contenteditable]");

/** Whether a key is meant for us: no modifier, nobody is typing, no dialog is open. */
export const isOurs = (event) =>
  !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey &&
  !event.isComposing && !typing(event.target) && !document.querySelector("dialog[open]");

const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")];

function move(step) {
  const all = rows();
  if (!all.length) return;
  const now = all.findIndex((row) => row.classList.contains("here") || row.contains(document.activeElement));
  const next = all[Math.min(all.length - 1, Math.max(0, now + step))];
  all.forEach((row) => row.classList.toggle("here", row === next));
  const link = next.matches("a") ? next : next.querySelector("a");
  link?.focus();
  next.scrollIntoView({ block: "nearest" });
}

let went = 0; // when "g" was pressed

const KEYS = {
  "/": () => document.querySelector("[data-search]")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  g: () => { went = Date.now(); },
  "?": () => document.getElementById("keys")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches("[data-search]")) event.target.blur();
  if (!isOurs(event)) return;
  if (Date.now() - went < 1500) {
    went = 0;
    const room = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (room) {
      event.preventDefault();
      room.click();
      return;
    }
  }
  if (document.querySelector("[data-keys]") && ["j", "k"].includes(event.key)) return; // the room's own
  const act = KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

// A row is as good as the link in it, for a mouse; a keyboard uses the link itself.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (!row || event.target.closest("a, button, input, label, summary") || getSelection().toString()) return;
  row.querySelector("a")?.click();
});

// htmx ------------------------------------------------------------------------------------

body.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = csrf;
});

function tell(text, kind, again) {
  if (!notices) return;
  const notice = document.createElement("div");
  notice.className = `notice ${kind}`;
  const words = document.createElement("p");
  words.textContent = text;
  notice.append(words);
  if (again) {
    const button = document.createElement("button");
    button.className = "button";
    button.type = "button";
    button.textContent = body.dataset.again;
    button.addEventListener("click", () => location.reload());
    notice.append(button);
  }
  notices.replaceChildren(notice);
}

const busy = (event, state) => event.detail.target?.setAttribute("aria-busy", state);
body.addEventListener("htmx:beforeRequest", (event) => busy(event, "true"));
body.addEventListener("htmx:afterRequest", (event) => busy(event, "false"));
body.addEventListener("htmx:sendError", () => tell(body.dataset.lost, "bad", true));
body.addEventListener("htmx:timeout", () => tell(body.dataset.lost, "bad", true));
body.addEventListener("htmx:responseError", (event) => {
  tell(event.detail.xhr.status === 401 ? body.dataset.expired : body.dataset.refused, "bad", true);
});

// Small things ------------------------------------------------------------------------------

// A form that is sent twice by a double click would make two changes.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent === "yes") event.preventDefault();
  else if (form.method === "post" && !form.hasAttribute("hx-post")) form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

// What a person folded away is printed too.
addEventListener("beforeprint", () => {
  document.querySelectorAll("details:not([open])").forEach((one) => {
    one.open = true;
    one.dataset.folded = "yes";
  });
});
addEventListener("afterprint", () => {
  document.querySelectorAll("details[data-folded]").forEach((one) => {
    one.open = false;
    delete one.dataset.folded;
  });
});

document.querySelectorAll("[data-print]").forEach((button) => {
  button.addEventListener("click", () => print());
});

document.querySelectorAll("[data-confirm]").forEach((form) => {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.confirm)) {
      event.preventDefault();
      delete form.dataset.sent;
    }
  });
});

document.querySelectorAll("[data-changes]").forEach((form) => {
  form.addEventListener("change", () => form.requestSubmit());
});

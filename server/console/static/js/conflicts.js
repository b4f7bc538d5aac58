// The conflicts by keyboard: j and k choose a conflict, 1, 2 and 3 a value for the field that is
// next, Enter settles, u takes it back. The form works without any of it.

import { isOurs } from "./console.js";

const room = document.querySelector("[data-keys=conflicts]");
const form = () => document.getElementById("settle");
const fields = () => [...document.querySelectorAll(".conflict-field")];
const panel = () => document.getElementById("conflict");
const chosen = (field) => field.querySelector('input[type="radio"]:checked');

/** The field that the next number is for: the one with the focus, else the first without a choice. */
function current() {
  const all = fields();
  return all.find((one) => one.contains(document.activeElement)) ?? all.find((one) => !chosen(one)) ?? all.at(-1);
}

function refresh() {
  const left = fields().filter((one) => !chosen(one)).length;
  const button = form()?.querySelector("[data-settle]");
  const words = form()?.querySelector("[data-left]");
  if (!button || !words) return;
  button.setAttribute("aria-disabled", left ? "true" : "false");
  words.textContent = left ? words.dataset.some.replace("{n}", left) : words.dataset.none;
}

function choose(value) {
  const field = current();
  const radio = field?.querySelector(`input[type="radio"][value="${value}"]`);
  if (!radio) return;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  if (value === "other") {
    field.querySelector(".third .input, .third input:not([type=radio])")?.focus();
    return;
  }
  const next = fields().find((one) => !chosen(one));
  (next?.querySelector('input[type="radio"]') ?? form()?.querySelector("[data-settle]"))?.focus();
  (next ?? form())?.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const links = [...document.querySelectorAll("#conflict-list a[data-row]")];
  if (!links.length) return;
  const now = links.findIndex((one) => one.getAttribute("aria-current") === "true");
  const next = links[Math.min(links.length - 1, Math.max(0, now + by))];
  if (!next || links.indexOf(next) === now) return;
  // Marked at once, so that a second key goes on from here and not from what is still on its way.
  links.forEach((link) => link.setAttribute("aria-current", link === next ? "true" : "false"));
  next.scrollIntoView({ block: "nearest" });
  next.click();
}

function settle() {
  const button = form()?.querySelector("[data-settle]");
  if (button && button.getAttribute("aria-disabled") !== "true") form().requestSubmit(button);
}

// While the next conflict is on its way the last one still stands there: a choice would be lost with
// it, or settle what nobody looks at any more.
const isOnItsWay = () => panel()?.getAttribute("aria-busy") === "true";
const DECIDE = new Set(["1", "2", "3", "Enter"]);

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  1: () => choose("server"),
  2: () => choose("device"),
  3: () => choose("other"),
  Enter: settle,
  u: () => document.getElementById("take-back")?.requestSubmit(),
};

if (room) {
  document.addEventListener("keydown", (event) => {
    const act = KEYS[event.key];
    if (!act || !isOurs(event)) return;
    // A link or a button that has the focus answers to Enter itself.
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    event.preventDefault();
    if (!(DECIDE.has(event.key) && isOnItsWay())) act();
  });
  // Enter in the line for a third value means: that is it.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing && event.target.matches(".third input.input")) {
      event.preventDefault();
      settle();
    }
    if (event.key === "Escape" && event.target.matches(".third .input")) event.target.blur();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches(".third .input, .third input:not([type=radio])")) {
      event.target.closest(".third").querySelector('input[type="radio"]').checked = true;
    }
    refresh();
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches(".third .input")) {
      event.target.closest(".third").querySelector('input[type="radio"]').checked = true;
      refresh();
    }
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "settle") return;
    if (isOnItsWay() || fields().some((one) => !chosen(one))) event.preventDefault();
  });
  document.getElementById("conflict-list")?.addEventListener("click", (event) => {
    const chosenLink = event.target.closest("a[data-row]");
    document.querySelectorAll("#conflict-list a[data-row]").forEach((link) => {
      link.setAttribute("aria-current", link === chosenLink ? "true" : "false");
    });
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    refresh();
    // Who is quicker than this moment is at work in the new conflict already.
    if (event.detail.target?.id === "conflict" && !panel().contains(document.activeElement)) {
      panel().querySelector("h2")?.focus({ preventScroll: true });
    }
  });
  refresh();
}

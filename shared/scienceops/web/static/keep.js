// Puts what a person typed back into a form when what it asked for was refused.
"use strict";
const KEPT = "scienceops-form";
// Tokens are not kept, and what is hidden is the page's own.
const LEFT = ["hidden", "password", "submit", "button"];
const typedIn = (form) => [...form.elements].filter((field) => field.name && !LEFT.includes(field.type));
const valueOf = (field) => (field.type === "checkbox" || field.type === "radio" ? "checked" : "value");
const addressOf = (form) => form.getAttribute("action");
document.addEventListener("submit", ({ target: form }) => {
  const typed = typedIn(form).map((field) => [field.name, field[valueOf(field)]]);
  if (form.method === "post") sessionStorage.setItem(KEPT, JSON.stringify({ address: addressOf(form), typed }));
});
const kept = JSON.parse(sessionStorage.getItem(KEPT));
sessionStorage.removeItem(KEPT);
if (kept && document.querySelector("p.told.bad")) {
  const form = [...document.forms].find((one) => addressOf(one) === kept.address);
  const fields = form ? typedIn(form) : [];
  // Someone else may have changed what the form asks for in between.
  if (fields.every((field, place) => field.name === kept.typed[place]?.[0])) {
    fields.forEach((field, place) => { field[valueOf(field)] = kept.typed[place][1]; });
  }
}

// Swaps the parts of the page that show data for fresh ones, and leaves everything else alone.
"use strict";
const seconds = Number(document.body.dataset.refresh);
let seen = new Date();
// A form's token is another one each time it is asked for, and shows nothing.
const shown = (node) => node.innerHTML.replace(/name="csrf_token" value="[^"]*"/g, "");
// What a person is in the middle of is theirs.
const inUse = (node) => node.contains(document.activeElement) || node.querySelector("details[open]")
  || [...node.querySelectorAll("input")].some((field) => field.value !== field.defaultValue)
  || [...node.querySelectorAll("option")].some((choice) => choice.selected !== choice.defaultSelected
    && choice.parentNode.querySelector("[selected]"));
// Says that the page is old, and why, for as long as it is.
function tell(why) {
  let told = document.getElementById("old");
  if (!why) return told?.remove();
  if (!told) {
    told = document.createElement("p");
    told.id = "old";
    told.className = "told warn";
    told.setAttribute("role", "alert");
    document.querySelector("main").prepend(told);
    told.textContent = `This is as of ${seen.toISOString().slice(0, 16).replace("T", " ")} UTC: ${why}`;
  }
}
async function refresh() {
  if (document.hidden) return;
  const reply = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!reply) return tell("the platform does not answer. The page goes on by itself when it does.");
  if (reply.redirected) return tell("you are signed out. Load the page again to sign in.");
  if (!reply.ok) return tell("the platform could not give the page. Load it again to see why.");
  const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
  seen = new Date();
  tell("");
  for (const now of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(now.id);
    if (next && shown(now) !== shown(next) && !inUse(now)) now.innerHTML = next.innerHTML;
  }
  const data = fresh.getElementById("series");
  const old = document.getElementById("series");
  if (data && old && data.textContent !== old.textContent) {
    old.textContent = data.textContent;
    document.dispatchEvent(new Event("series"));
  }
}
// A page of forms alone has nothing to follow.
if (seconds > 0 && document.querySelector("[data-live]")) setInterval(refresh, seconds * 1000);

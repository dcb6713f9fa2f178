// Swaps the part of the page that shows data for a fresh one, and leaves everything else alone.
"use strict";
const seconds = Number(document.body.dataset.refresh);
// A form's token is another one each time it is asked for, and shows nothing.
const shown = (node) => node.innerHTML.replace(/name="csrf_token" value="[^"]*"/g, "");
async function refresh() {
  if (document.hidden || document.activeElement?.closest("#live")) return;
  const reply = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!reply || !reply.ok) return;
  const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
  const now = document.getElementById("live");
  const next = fresh.getElementById("live");
  if (now && next && shown(now) !== shown(next) && !now.querySelector("details[open]")) {
    now.innerHTML = next.innerHTML;
  }
  const data = fresh.getElementById("series");
  const old = document.getElementById("series");
  if (data && old && data.textContent !== old.textContent) {
    old.textContent = data.textContent;
    document.dispatchEvent(new Event("series"));
  }
}
if (seconds > 0) setInterval(refresh, seconds * 1000);

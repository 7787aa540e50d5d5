// Brings what is live on a page level whenever an event says that something changed.
const events = document.currentScript.dataset.events;
let seen = 0;
let drawn = Date.now();
let later = 0;
async function level() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.getElementById("live").replaceWith(page.getElementById("live"));
  const there = document.getElementById("report");
  const next = page.getElementById("report");
  if (!next) return;
  // A report is drawn anew every half a minute at most: that takes the server seconds.
  const wait = there.tagName === next.tagName ? drawn + 30000 - Date.now() : 0;
  if (wait <= 0) {
    drawn = Date.now();
    there.replaceWith(next);
  } else if (!later) {
    later = setTimeout(() => { later = 0; level(); }, wait);
  }
}
const source = new EventSource(events);
for (const kind of ["studies", "study"]) {
  source.addEventListener(kind, () => { if (seen++) level(); });
}
for (const kind of ["deleted", "closed"]) {
  source.addEventListener(kind, () => { source.close(); location.href = "/"; });
}

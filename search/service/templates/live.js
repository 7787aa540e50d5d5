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
  const now = page.getElementById("report");
  if (!now) return;
  // A report is drawn anew every half a minute at most: that takes the server seconds.
  const wait = there.tagName === now.tagName ? drawn + 30000 - Date.now() : 0;
  if (wait <= 0) {
    drawn = Date.now();
    there.replaceWith(now);
  } else if (!later) {
    later = setTimeout(() => { later = 0; level(); }, wait);
  }
}
// A study in training changes all the time: the page follows every two seconds at most.
let followed = 0;
let next = 0;
function follow() {
  if (next) return;
  next = setTimeout(() => { next = 0; followed = Date.now(); level(); }, Math.max(followed + 2000 - Date.now(), 0));
}
const source = new EventSource(events);
for (const kind of ["studies", "study"]) {
  source.addEventListener(kind, () => { if (seen++) follow(); });
}
for (const kind of ["deleted", "closed"]) {
  source.addEventListener(kind, () => { source.close(); location.href = "/"; });
}

// Checks the form as one types: the server tells what is wrong by each field, and shows the plan.
const form = document.getElementById("plan");
let asked = 0;
let timer = 0;
async function check() {
  const mine = ++asked;
  const body = new URLSearchParams(new FormData(form));
  body.set("check", "");
  const answer = await fetch(form.action, { method: "POST", body });
  if (answer.status === 401) return location.reload(); // the key has ended
  if (!answer.ok || mine !== asked) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const here of document.querySelectorAll("[data-level]")) {
    const next = page.getElementById(here.id);
    if (next && next.innerHTML !== here.innerHTML) here.innerHTML = next.innerHTML;
  }
  for (const here of form.querySelectorAll("input[id], select, textarea")) {
    here.toggleAttribute("aria-invalid", false);
    if (page.getElementById(here.id)?.hasAttribute("aria-invalid")) here.setAttribute("aria-invalid", "true");
  }
}
form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(check, 300);
});

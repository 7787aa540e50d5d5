// Checks the form as one types: the server tells what is wrong by each field, and shows the plan.
const form = document.getElementById("plan");
let asked = 0;
let timer = 0;
async function check() {
  const mine = ++asked;
  const body = new FormData(form);
  const file = form.elements.file;
  const isUploaded = file.files.length > 0;
  if (!isUploaded) body.delete("file");
  body.set("check", "");
  const answer = await fetch(form.action, { method: "POST", body });
  if (answer.status === 401) return location.reload(); // the key has ended
  if (answer.status === 413) return tooLarge();
  if ((!answer.ok && answer.status !== 422) || mine !== asked) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (isUploaded) {
    if (answer.ok) takeUploaded(page);
    file.value = ""; // it is there now, or is none: it is not to be sent again
  }
  for (const here of document.querySelectorAll("[data-level]")) {
    const next = page.getElementById(here.id);
    if (next && next.innerHTML !== here.innerHTML) here.innerHTML = next.innerHTML;
  }
  for (const here of form.querySelectorAll("input[id], select, textarea")) {
    here.toggleAttribute("aria-invalid", false);
    if (page.getElementById(here.id)?.hasAttribute("aria-invalid")) here.setAttribute("aria-invalid", "true");
  }
}
function takeUploaded(page) {
  for (const id of ["data", "validation_data"]) {
    const here = document.getElementById(id);
    const before = here.value;
    here.innerHTML = page.getElementById(id).innerHTML;
    if (id !== "data") here.value = before;
  }
}
function tooLarge() {
  form.elements.file.value = "";
  document.getElementById("fault-file").textContent = "file is too large for this service or your key";
}
form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(check, 300);
});

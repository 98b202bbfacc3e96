// The source form: a file of this machine is read into it, and the line of what is wrong is gone to.
const source = document.getElementById("source");
const file = document.getElementById("file");

file.closest("[hidden]").hidden = false;
file.addEventListener("change", async () => {
  if (file.files.length) source.value = await file.files[0].text();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  if (!link) return;
  event.preventDefault();
  const before = source.value.split("\n").slice(0, Number(link.dataset.line) - 1);
  const place = before.reduce((sum, line) => sum + line.length + 1, 0) + Number(link.dataset.column) - 1;
  source.focus();
  source.setSelectionRange(place, place);
  source.scrollTop = (source.scrollHeight / source.value.split("\n").length) * Math.max(before.length - 4, 0);
});

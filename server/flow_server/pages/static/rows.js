// Keeps the rows of a list as the server has them, each in its place: nothing that the reader looks at moves, and no tick is lost. What is
// new is counted above the list, for when the reader wants it.
const PAUSE = 1500;
const table = document.querySelector("table[data-rows]");
const newer = document.getElementById("newer");

function update(fresh) {
  const rows = new Map([...fresh.querySelectorAll("table[data-rows] tbody tr")].map((row) => [row.id, row]));
  for (const row of table.tBodies[0].rows) {
    const next = rows.get(row.id);
    row.classList.toggle("gone", !next); // the filter does not find it any more
    if (!next) continue;
    rows.delete(row.id);
    const cells = [...next.querySelectorAll("[data-cell]")];
    row.querySelectorAll("[data-cell]").forEach((cell, at) => {
      if (cell.innerHTML !== cells[at].innerHTML) cell.replaceChildren(...cells[at].childNodes);
    });
  }
  const first = table.tBodies[0].rows[0].id; // ids rise with time
  const count = [...rows.keys()].filter((id) => id > first).length;
  newer.hidden = count === 0;
  newer.textContent = count === 1 ? "1 newer run" : `${count} newer runs`;
}

async function refresh() {
  let answer;
  try {
    answer = await fetch(location.href, { credentials: "same-origin" });
  } catch {
    return true; // the server is away; it may come back
  }
  if (answer.redirected) return false; // logged out
  if (answer.ok) update(new DOMParser().parseFromString(await answer.text(), "text/html"));
  return true;
}

async function loop() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    if (!document.hidden && !(await refresh())) return;
  }
}

if (table) loop();

// Keeps the parts marked `data-live` as the server shows them, at each event of a stream. What the reader looks at does not move: a part in
// which something is written or selected stays as it is until later.
const SOON = 80;
const PAUSE = 300;

function busy(part) {
  const active = document.activeElement;
  if (part.contains(active) && active.matches("input:not([type=hidden]), textarea, select")) return true;
  const chosen = getSelection();
  return !chosen.isCollapsed && chosen.rangeCount > 0 && chosen.getRangeAt(0).intersectsNode(part);
}

function renew(part, next) {
  if (next.outerHTML === part.outerHTML || busy(part)) return;
  const active = part.contains(document.activeElement) ? document.activeElement : null;
  const [id, link] = [active?.id, active?.getAttribute("href")];
  for (const name of part.getAttributeNames()) if (!next.hasAttribute(name)) part.removeAttribute(name);
  for (const { name, value } of next.attributes) part.setAttribute(name, value);
  const [left, top] = [part.scrollLeft, part.scrollTop];
  part.replaceChildren(...next.childNodes);
  [part.scrollLeft, part.scrollTop] = [left, top];
  if (id) document.getElementById(id)?.focus({ preventScroll: true });
  else if (link) [...part.querySelectorAll("a")].find((one) => one.getAttribute("href") === link)?.focus({ preventScroll: true });
}

// `renewed` is called with each document that has come. False where the page has to be left alone.
export async function refresh(path, renewed) {
  const answer = await fetch(path, { credentials: "same-origin" });
  if (answer.redirected) return location.reload(); // logged out
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    if (next) renew(part, next);
  }
  await renewed(fresh);
}

// Follows `stream`; each event leads to a look at `path`, at most one at a time and not too often.
export function follow(stream, path, renewed) {
  let wanted = false;
  let looking = false;
  let over = false;
  const source = new EventSource(stream);

  async function look() {
    if (looking) return void (wanted = true);
    looking = true;
    try {
      await new Promise((resolve) => setTimeout(resolve, SOON));
      do {
        wanted = false;
        const began = performance.now();
        await refresh(path, renewed).catch(() => (wanted = !over)); // the server is away; it may come back
        await new Promise((resolve) => setTimeout(resolve, Math.max(PAUSE, 2 * (performance.now() - began))));
      } while (wanted);
    } finally {
      looking = false;
    }
  }

  source.addEventListener("open", look);
  source.addEventListener("change", look);
  source.addEventListener("end", () => {
    over = true;
    source.close();
    look();
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED && !over) setTimeout(() => follow(stream, path, renewed), 5000);
  });
}

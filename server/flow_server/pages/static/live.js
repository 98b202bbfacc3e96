// Keeps the parts marked `data-live` as the server shows them, at each event of a stream. What the reader looks at does not move: a part in
// which something is written or selected stays as it is until later.
const SOON = 80;
const PAUSE = 300;
const AWAY = 5000; // until the next try at most, where the server did not answer as it should

// The page is not there any more, or not for this reader: to ask again is of no use.
class Gone extends Error {}

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
  const gone = answer.status >= 400 && answer.status < 500 && answer.status !== 429; // 429: too many requests, for now
  if (!answer.ok) throw new (gone ? Gone : Error)(`${path}: ${answer.status}`);
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
  let away = PAUSE;
  const source = new EventSource(stream);

  function leave() {
    over = true;
    wanted = false;
    source.close();
  }

  // How long to wait after a look that has failed: longer each time.
  function failed(error) {
    if (error instanceof Gone) leave();
    wanted = !over; // the server is away; it may come back
    return (away = Math.min(2 * away, AWAY));
  }

  async function look() {
    if (looking) return void (wanted = true);
    looking = true;
    try {
      await new Promise((resolve) => setTimeout(resolve, SOON));
      do {
        wanted = false;
        const began = performance.now();
        const soon = () => Math.max((away = PAUSE), 2 * (performance.now() - began));
        const pause = await refresh(path, renewed).then(soon, failed);
        await new Promise((resolve) => setTimeout(resolve, pause));
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
    if (source.readyState !== EventSource.CLOSED || over) return;
    look(); // where the session has ended, this finds the login
    setTimeout(() => {
      if (over) return;
      leave();
      follow(stream, path, renewed);
    }, AWAY);
  });
}

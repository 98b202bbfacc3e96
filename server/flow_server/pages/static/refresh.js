// Keeps the parts marked `data-live` as the server shows them, without moving what the reader looks at. Stops when the run has ended.
const PAUSE = 1500;

async function refresh() {
  let answer;
  try {
    answer = await fetch(location.href, { credentials: "same-origin" });
  } catch {
    return true; // the server is away; it may come back
  }
  if (answer.redirected) return false; // logged out
  if (!answer.ok) return true;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    const busy = part.contains(document.activeElement) || !getSelection().isCollapsed;
    if (next && !busy && next.innerHTML !== part.innerHTML) part.replaceChildren(...next.childNodes);
  }
  document.title = fresh.title;
  return fresh.querySelector('script[src="/static/refresh.js"]') !== null;
}

async function loop() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    if (!document.hidden && !(await refresh())) return;
  }
}

loop();

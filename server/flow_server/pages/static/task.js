// The page of a task: follows it, and what its attempts write. A log is scrolled to its end only while the reader is there.
import { follow } from "./live.js";

const headline = document.getElementById("headline");
const logs = document.getElementById("logs");

function logOf(attempt) {
  const found = document.getElementById(`attempt-${attempt}`);
  if (found) return found.querySelector("pre");
  const made = document.createElement("details");
  made.className = "log";
  made.id = `attempt-${attempt}`;
  made.open = true;
  const title = document.createElement("strong");
  title.textContent = `Attempt ${attempt}`;
  const summary = document.createElement("summary");
  summary.append(title);
  const text = document.createElement("pre");
  text.tabIndex = 0;
  text.setAttribute("role", "region");
  text.setAttribute("aria-label", `Log of attempt ${attempt}`);
  made.append(summary, text);
  logs.querySelector(":scope > p.note")?.remove();
  logs.prepend(made);
  return text;
}

function write(attempt, text) {
  const log = logOf(attempt);
  const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
  log.append(text);
  if (atEnd) log.scrollTop = log.scrollHeight;
}

for (const log of logs.querySelectorAll("pre")) log.scrollTop = log.scrollHeight;
follow(headline.dataset.events, headline.dataset.path, (fresh) => {
  document.title = document.querySelector("h1").innerText.replace(/\s+/g, " ") + " · Flow";
});
if (logs.dataset.follow) {
  const stream = new EventSource(`${logs.dataset.follow}?from=${logs.dataset.place}`);
  stream.addEventListener("piece", (event) => {
    const { attempt, text } = JSON.parse(event.data);
    write(attempt, text);
  });
  stream.addEventListener("end", () => stream.close());
}

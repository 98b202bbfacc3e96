// The page of a task: follows it, and what its attempts write. A log is scrolled to its end only while the reader is there.
import { follow } from "./live.js";

const headline = document.getElementById("headline");
const logs = document.getElementById("logs");

// Of an attempt that has begun since: what is told of it comes with the next look.
function logOf(attempt) {
  const found = document.getElementById(`attempt-${attempt}`);
  if (found) return found.querySelector("pre");
  const made = document.createElement("details");
  Object.assign(made, { className: "log", id: `attempt-${attempt}`, open: true });
  const summary = document.createElement("summary");
  Object.assign(summary, { id: `attempt-${attempt}-told`, textContent: `Attempt ${attempt}` });
  const message = document.createElement("p");
  Object.assign(message, { className: "message", id: `attempt-${attempt}-message` });
  const text = document.createElement("pre");
  text.tabIndex = 0;
  text.setAttribute("role", "region");
  text.setAttribute("aria-label", `Log of attempt ${attempt}`);
  for (const part of [summary, message]) part.dataset.live = "";
  made.append(summary, message, text);
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
  for (const attempt of [...fresh.querySelectorAll("details.log")].reverse()) {
    if (!document.getElementById(attempt.id)) logs.prepend(document.adoptNode(attempt));
  }
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

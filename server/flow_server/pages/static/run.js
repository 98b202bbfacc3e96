// The page of a run: follows it, lets open bars of the timeline grow, and puts links into its graph.
import { follow } from "./live.js";

const LARGE = 600_000; // characters of a drawing that stays a picture
const TALL = 700; // points of a drawing that stays readable when it is made to fit
const headline = document.getElementById("headline");
let shown = 0;
let drawn = "";

async function draw(url) {
  if (url === drawn) return;
  drawn = url;
  const answer = await fetch(url, { credentials: "same-origin" });
  if (!answer.ok) return;
  const text = await answer.text();
  const figure = document.getElementById("graph");
  if (text.length > LARGE) return void (figure.querySelector("img").src = url);
  const svg = document.adoptNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement);
  if (svg.localName !== "svg") return;
  svg.setAttribute("role", "group");
  svg.classList.toggle("fits", parseFloat(svg.getAttribute("height")) < TALL);
  link(svg);
  const [left, top] = [figure.scrollLeft, figure.scrollTop];
  figure.replaceChildren(svg);
  [figure.scrollLeft, figure.scrollTop] = [left, top];
}

// Node n1 is the first task of the table, and so on; n0 is the start.
function link(svg) {
  const tasks = [...document.querySelectorAll("#tasks tr[data-node] th a")];
  for (const node of svg.querySelectorAll("g.node")) {
    const task = tasks[Number(/n(\d+)$/.exec(node.id)?.[1]) - 1];
    if (!task) continue;
    const anchor = document.createElementNS("http://www.w3.org/2000/svg", "a");
    anchor.setAttribute("href", task.getAttribute("href"));
    anchor.setAttribute("aria-label", node.querySelector("title")?.textContent ?? task.textContent);
    node.replaceWith(anchor);
    anchor.append(node);
  }
}

async function renewed(fresh) {
  shown = performance.now();
  document.title = document.querySelector("h1").innerText.replace(/\s+/g, " ") + " · Flow";
  await draw(fresh.getElementById("graph").dataset.graph);
}

// What has not ended grows until the next look.
function grow() {
  const more = (performance.now() - shown) / 1000;
  for (const lane of document.querySelectorAll("#tasks td.lane svg")) {
    const box = lane.viewBox.baseVal;
    lane.dataset.total ??= String(box.width);
    box.width = Number(lane.dataset.total) + more;
    for (const bar of lane.querySelectorAll("[data-open]")) {
      bar.dataset.width ??= bar.getAttribute("width");
      bar.setAttribute("width", String(Number(bar.dataset.width) + more));
    }
  }
}

shown = performance.now();
draw(document.getElementById("graph").dataset.graph);
if (headline.dataset.events) {
  follow(headline.dataset.events, headline.dataset.run + "/live", renewed);
  setInterval(() => {
    if (document.querySelector("#tasks [data-open]") && !document.hidden) grow();
  }, 500);
}

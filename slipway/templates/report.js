"use strict";
// Two things a page cannot do by itself: showing one environment at a time, and searching some thousand resources.
// Without it every environment is shown, and the rest of the page is the same.

const PLACES = ["stack", "name", "type", "part", "owner", "action", "protected", "inputs", "options"]; // see report.py
const SHOWN = 50;

const form = document.querySelector("form[role=search]");
const search = document.getElementById("search");
const status = document.getElementById("search-status");
const found = document.getElementById("found");
const more = document.getElementById("more");
let resources = [];
let matching = [];

// Environments ----------------------------------------------------------------------------------------------------

const switcher = document.querySelector("fieldset.switch");

function showEnvironment(id) {
  for (const figure of document.querySelectorAll("figure.environment")) figure.hidden = figure.id !== id;
  for (const radio of switcher.querySelectorAll("input")) radio.checked = radio.value === id;
}

if (switcher) {
  switcher.hidden = false;
  switcher.addEventListener("change", (event) => showEnvironment(event.target.value));
  showEnvironment(switcher.querySelector("input:checked").value);
}

// Resources -------------------------------------------------------------------------------------------------------

async function load() {
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent), (each) => each.charCodeAt(0));
  const text = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  return JSON.parse(text).map((values) => {
    const resource = Object.fromEntries(PLACES.map((place, index) => [place, values[index]]));
    resource.is = (resource.protected ? "protected " : "") + (resource.action && `changed ${resource.action}`);
    resource.any = [resource.name, resource.type, resource.part, resource.owner, resource.stack].join(" ").toLowerCase();
    return resource;
  });
}

/** `orders stack:prod part:"service orders"` as [place, text] pairs. */
function terms(query) {
  const pattern = /(?:(name|type|part|owner|stack|is):)?(?:"([^"]*)"?|(\S+))/gi;
  return [...query.matchAll(pattern)].map(([, place, quoted, word]) => [
    (place ?? "any").toLowerCase(),
    (quoted ?? word).toLowerCase(),
    quoted !== undefined && place !== undefined,
  ]);
}

function matches(resource, wanted) {
  return wanted.every(([place, text, whole]) => {
    const value = resource[place].toLowerCase();
    return whole ? value === text : value.includes(text);
  });
}

function element(tag, text, kind) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function row(resource) {
  const details = element("details", "", "resource");
  const summary = document.createElement("summary");
  const type = resource.type.split(":").pop();
  summary.append(element("b", resource.name, "code"), element("span", type, "type"));
  const tags = element("span", "", "tags");
  if (resource.action) tags.append(element("span", resource.action, `action ${resource.action.replace(" ", "-")}`));
  if (resource.protected) tags.append(element("span", "protected", "flag"));
  tags.append(element("span", resource.part, "part"));
  if (resource.owner) tags.append(element("span", resource.owner, "team"));
  tags.append(element("span", resource.stack, "stack"));
  summary.append(tags);
  details.append(summary);
  details.addEventListener("toggle", () => {
    if (details.childElementCount > 1) return;
    details.append(element("p", resource.type, "soft code"));
    for (const place of ["inputs", "options"]) {
      if (Object.keys(resource[place]).length === 0) continue;
      details.append(element("h4", place), element("pre", JSON.stringify(resource[place], null, 2)));
    }
  });
  return details;
}

function showMore() {
  const start = found.childElementCount;
  found.append(...matching.slice(start, start + SHOWN).map(row));
  more.hidden = found.childElementCount >= matching.length;
}

function find() {
  const wanted = terms(search.value);
  matching = resources.filter((resource) => matches(resource, wanted));
  found.replaceChildren();
  showMore();
  const all = resources.length.toLocaleString("en");
  status.textContent = `${matching.length.toLocaleString("en")} of ${all} resources`;
}

/** `#q=...` is a search; `#environment-...` shows that one. */
function follow() {
  const id = location.hash.slice(1);
  const query = new URLSearchParams(id).get("q");
  if (query !== null) {
    search.value = query;
    find();
    document.getElementById("resources").scrollIntoView();
    search.focus({ preventScroll: true });
  } else if (switcher && document.getElementById(id)?.matches("figure.environment")) {
    showEnvironment(id);
    document.getElementById(id).scrollIntoView();
  }
}

function listen() {
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", find);
  more.addEventListener("click", () => {
    const next = found.childElementCount;
    showMore();
    found.children[next]?.querySelector("summary").focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.target.matches("input, textarea")) {
      event.preventDefault();
      search.focus();
    }
  });
  window.addEventListener("hashchange", follow);
}

load().then((all) => {
  resources = all;
  listen();
  find();
  follow();
  document.documentElement.dataset.ready = "";
});

// The Document JSON of one page: short things on one line, blocks marked so that they light up with their regions.

import { make } from "./dom.js";

const WIDTH = 92;
const COLOURED = 4; // depth down to which keys are set off; words and boxes below would make thousands of elements

export function renderJson(page) {
  const code = make("code");
  write(code, page, 0);
  return make("pre", { class: "json" }, code);
}

function write(into, value, depth) {
  const flat = JSON.stringify(value);
  if (value === null || typeof value !== "object" || flat.length + 2 * depth <= WIDTH) {
    into.append(flat);
    return;
  }
  const list = Array.isArray(value);
  const pad = "  ".repeat(depth + 1);
  into.append(list ? "[" : "{");
  Object.entries(value).forEach(([name, inner], at) => {
    into.append(`${at ? "," : ""}\n${pad}`);
    const place = list && inner?.id && inner.kind ? make("span", { "data-block": inner.id }) : into;
    if (!list) place.append(depth < COLOURED ? make("span", { class: "key" }, JSON.stringify(name)) : JSON.stringify(name), ": ");
    write(place, inner, depth + 1);
    if (place !== into) into.append(place);
  });
  into.append(`\n${"  ".repeat(depth)}${list ? "]" : "}"}`);
}

// Making elements. Text is always a text node and attributes are always set as attributes or properties, so
// nothing that comes from a document is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, listeners (`onclick: …`) and children (elements or strings). */
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** One of the drawings of icons.svg; decorative, so the control around it needs a name of its own. */
export function icon(name) {
  return draw("svg", { "aria-hidden": "true", class: "icon" }, draw("use", { href: `page/icons.svg#${name}` }));
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Says something to screen readers without moving the focus. */
export function announce(text) {
  const region = byId("announcer");
  if (region.textContent !== text) region.textContent = text;
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

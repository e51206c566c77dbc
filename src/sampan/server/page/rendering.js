// A page of the Document model as DOM: every block a passage with its number, every text a text node.
//
// The rules are those of the HTML writer: furniture stays apart, a caption is said once and with what it
// belongs to, and a paragraph that goes on elsewhere has all its text where it begins.

import { draw, make } from "./dom.js";

const MOST_CELLS = 100_000; // the model's own limit: more must not be drawn, whatever the file says

/** Where things are in a document, found once: blocks by id, captions of each block, the page of each block. */
export function indexOf(document) {
  const blocks = new Map();
  const pages = new Map();
  const captions = new Map();
  for (const page of document.pages) {
    for (const block of page.blocks) {
      blocks.set(block.id, block);
      pages.set(block.id, page);
    }
  }
  for (const block of blocks.values()) {
    if (block.kind !== "caption" || !blocks.has(block.caption_of)) continue;
    captions.set(block.caption_of, [...(captions.get(block.caption_of) ?? []), block]);
  }
  return { blocks, pages, captions, shift: [...blocks.values()].some(({ kind }) => kind === "title") ? 1 : 0 };
}

/** The block in which the text of `block` stands: itself, or the start of the paragraph that it carries on. */
export function root(block, index) {
  const seen = new Set();
  while (!block.text && block.continues && index.blocks.has(block.continues) && !seen.has(block.id)) {
    seen.add(block.id);
    block = index.blocks.get(block.continues);
  }
  return block;
}

/** One page as an `article`. `picture` is a promise of the page's picture, for its figures; null leaves them out. */
export function renderPage(page, index, picture) {
  const article = make("article", { class: "text", "aria-label": `Text of page ${page.number}` });
  for (const block of page.blocks) {
    const passage = renderPassage(block, page, index, picture);
    if (passage) article.append(passage);
  }
  if (!article.children.length) article.append(make("p", { class: "empty" }, "Nothing was found on this page."));
  return article;
}

function renderPassage(block, page, index, picture) {
  if (block.kind === "caption" && index.blocks.has(block.caption_of)) return null;
  const start = root(block, index);
  if (start !== block) return renderContinuation(block, start, page, index);
  const body = renderBlock(block, page, index, picture);
  return body && passageOf(block, body);
}

/** The number of a passage, which may stand deeper in it but not in a passage of its own. */
export const numberIn = (passage) => [...passage.querySelectorAll(".number")].find((number) => number.closest("[data-block]") === passage);

function passageOf(block, body, tag = "div") {
  const number = body.querySelector(":scope > .numbered") ? null : numberOf(block);
  return make(tag, { class: "passage", "data-block": block.id, "data-kind": block.kind }, number, body);
}

/** The number in the margin, which leads to the region on the page. */
export function numberOf(block) {
  if (block.order === undefined || block.order === null) return null;
  const number = String(block.order + 1);
  return make("button", { type: "button", class: "number", tabindex: -1, "aria-label": `${number}, show on the page` }, number);
}

/** On another page, a word about where the text is; on the same one nothing, as the region leads there. */
function renderContinuation(block, start, page, index) {
  const home = index.pages.get(start.id);
  if (home === page) return null;
  return passageOf(block, make("p", { class: "continued" }, "Goes on from ", make("button", { type: "button", class: "link", "data-page": home.number }, `page ${home.number}`)));
}

function renderBlock(block, page, index, picture) {
  switch (block.kind) {
    case "title":
      return textOf("h2", block.text);
    case "heading":
      return textOf(`h${Math.min(6, (block.level ?? 1) + 1 + index.shift)}`, block.text);
    case "list":
      return block.items?.length ? renderList(block.items) : textOf("p", block.text);
    case "table":
      return renderTable(block, index);
    case "figure":
      return renderFigure(block, page, index, picture);
    case "formula":
      return make("p", { class: "formula" }, make("code", {}, block.latex || block.text || ""), block.number ? ` ${block.number}` : null);
    case "code":
      return withCaptions(make("pre", { tabindex: 0, role: "group", "aria-label": "Code" }, make("code", {}, (block.text ?? "").replace(/^\n+|\n+$/g, ""))), block, index);
    default:
      return textOf("p", block.text, block.kind);
  }
}

function textOf(tag, text, kind = "text") {
  if (!text?.trim()) return null;
  const element = make(tag, { dir: "auto", class: kind === "text" ? null : kind.replace("_", "-") });
  text.trim().split("\n").forEach((line, at) => element.append(...(at ? [make("br"), line] : [line])));
  return element;
}

function withCaptions(element, block, index, first = false) {
  const bound = index.captions.get(block.id) ?? [];
  const legends = bound.length
    ? bound.map((caption) => passageOf(caption, make("span", { dir: "auto" }, caption.text), "figcaption"))
    : (block.captions ?? []).map((text) => make("figcaption", { dir: "auto" }, text));
  if (!legends.length) return element;
  const name = bound.map(({ text }) => text).join(" ") || null; // else the numbers would be part of it
  return make("figure", { "aria-label": name }, ...(first ? [...legends, make("div", { class: "numbered" }, numberOf(block), element)] : [element, ...legends]));
}

/** Nested lists from items with levels; ordered items keep the number that stands on the page. */
function renderList(items) {
  const top = document.createDocumentFragment();
  const open = []; // {level, tag, list, item}
  for (const item of items) {
    const tag = item.ordered ? "ol" : "ul";
    while (open.length && (open.at(-1).level > item.level || (open.at(-1).level === item.level && open.at(-1).tag !== tag))) open.pop();
    if (!open.length || open.at(-1).level < item.level) {
      const list = make(tag);
      (open.at(-1)?.item ?? top).append(list);
      open.push({ level: item.level ?? 0, tag, list, item: null });
    }
    const number = item.ordered ? /^\(?(\d{1,9})[.)]*$/.exec(item.marker ?? "") : null;
    const text = item.ordered && !number ? `${item.marker} ${item.text}` : item.text;
    const entry = make("li", { dir: "auto", value: number ? Number(number[1]) : null, class: item.ordered && !number ? "lettered" : null }, text);
    open.at(-1).item = entry;
    open.at(-1).list.append(entry);
  }
  return make("div", { class: "list" }, top);
}

function renderTable(block, index) {
  const { table } = block;
  if (!table?.cells?.length || table.rows * table.columns > MOST_CELLS) return textOf("p", block.text);
  const rows = Array.from({ length: table.rows }, () => make("tr"));
  const heads = new Array(table.rows).fill(true);
  for (const cell of table.cells) {
    const header = Boolean(cell.header);
    if (!header) for (let row = cell.row; row < cell.row + (cell.row_span ?? 1); row++) heads[row] = false;
    rows[cell.row].append(cellOf(cell, header));
  }
  const first = heads.indexOf(false) < 0 ? 0 : heads.indexOf(false);
  for (const cell of rows.slice(0, first).flatMap((row) => [...row.children])) cell.scope = cell.colSpan > 1 ? "colgroup" : "col";
  for (const cell of rows.slice(first).flatMap((row) => [...row.querySelectorAll("th")])) cell.scope = "row";
  const name = (index.captions.get(block.id) ?? []).map(({ text }) => text).join(" ") || block.captions?.join(" ") || "Table";
  const element = make("table", { dir: "auto" }, first ? make("thead", {}, ...rows.slice(0, first)) : null, make("tbody", {}, ...rows.slice(first)));
  return withCaptions(make("div", { class: "wide", tabindex: 0, role: "group", "aria-label": name }, element), block, index, true);
}

function cellOf(cell, header) {
  const spans = { rowspan: cell.row_span > 1 ? cell.row_span : null, colspan: cell.column_span > 1 ? cell.column_span : null };
  // A cell of nothing is no heading of anything, and screen readers stumble over it.
  const text = cell.text?.trim() ?? "";
  const element = make(header && text ? "th" : "td", { ...spans, dir: "auto", class: /^[-+−–]?[\d\s.,%()€$£]+$/.test(text) && text ? "figures" : null });
  text.split("\n").forEach((line, at) => element.append(...(at ? [make("br"), line] : [line])));
  return element;
}

/** A figure is a window on the picture of its page. */
function renderFigure(block, page, index, picture) {
  const name = block.text || block.captions?.[0] || "Figure";
  const [x0, y0, x1, y1] = block.box;
  const width = Math.max(x1 - x0, 1);
  const height = Math.max(y1 - y0, 1);
  let body = null;
  if (picture) {
    const image = draw("image", { width: page.width, height: page.height, preserveAspectRatio: "none" });
    body = draw("svg", { class: "cut", viewBox: `${x0} ${y0} ${width} ${height}`, role: "img", "aria-label": name }, image);
    body.style.maxWidth = `${Math.round((width / page.width) * 140)}%`;
    picture.then((url) => image.setAttribute("href", url), () => body.replaceWith(block.text ? textOf("p", block.text) : ""));
  } else if (block.text) body = textOf("p", block.text);
  const whole = body && withCaptions(body, block, index);
  return whole && (whole.localName === "figure" ? whole : make("figure", {}, whole));
}

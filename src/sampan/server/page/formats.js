// The formats to take away, as the server lists them: names for people, and saving with or without a key.

import { announce, byId, icon, make } from "./dom.js";

const NAMES = {
  docx: "Word",
  md: "Markdown",
  html: "Web page",
  txt: "Plain text",
  json: "JSON, everything",
  pdf: "Searchable PDF",
  xlsx: "Tables for Excel",
  csv: "Tables as CSV",
  hocr: "hOCR",
  alto: "ALTO XML",
  docling: "Docling JSON",
  chunks: "Chunks for search",
  overlay: "Picture of the regions",
};
const FIRST = ["docx", "md", "pdf", "html", "txt", "xlsx", "csv", "json"];

/** Formats in the order in which people want them. */
export function ordered(formats) {
  const rank = ({ name }) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return [...formats].sort((a, b) => rank(a) - rank(b));
}

export const titleOf = (format) => NAMES[format.name] ?? format.summary ?? format.name;

/**
 * A link that saves the document in one format. A click fetches it: links carry no key, long documents take a
 * while to write, and what goes wrong must be said here and not be saved as a file.
 */
export function saveLink(api, job, format, attributes, ...children) {
  const path = `jobs/${encodeURIComponent(job.id)}/result`;
  const query = { to: format.name, download: 1 };
  const name = `${stem(job.name)}${format.suffix}`;
  const link = make(
    "a",
    {
      href: api.url(path, query),
      download: name,
      onclick: (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        if (!link.ariaBusy) save(link, api, path, query, name);
      },
      ...attributes,
    },
    ...children,
  );
  return link;
}

async function save(link, api, path, query, name) {
  link.ariaBusy = "true";
  announce(`${name} is being written.`);
  try {
    const blob = await (await api.request(path, { query })).blob();
    const url = URL.createObjectURL(blob);
    make("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    announce(`${name} is saved.`);
  } catch (error) {
    dispatchEvent(new CustomEvent("trouble", { detail: error }));
  } finally {
    link.ariaBusy = null;
  }
}

const stem = (name) => name.replace(/\.[^.]{1,5}$/, "") || "document";

/** The prominent button (Word where there is Word) and, behind a second one, all others. */
export function takeAway(api, job, formats) {
  const [first, ...others] = ordered(formats);
  if (!first) return [];
  const list = make("ul", { class: "formats", id: "formats", hidden: true });
  for (const format of [first, ...others]) {
    list.append(
      make("li", {}, saveLink(api, job, format, {}, make("span", {}, titleOf(format)), make("code", {}, format.suffix))),
    );
  }
  const more = make(
    "button",
    { type: "button", class: "primary more", "aria-expanded": "false", "aria-controls": "formats", "aria-label": "Other formats" },
    icon("more"),
  );
  const menu = make("div", { class: "menu" }, more, list);
  const open = (wanted) => {
    list.hidden = !wanted;
    more.setAttribute("aria-expanded", String(wanted));
  };
  more.addEventListener("click", () => open(list.hidden));
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      open(false);
      more.focus();
    }
  });
  menu.addEventListener("focusout", (event) => menu.contains(event.relatedTarget) || open(false));
  const main = saveLink(api, job, first, { class: "primary", id: "download" }, icon("download"), make("span", {}, titleOf(first)));
  main.setAttribute("aria-label", `Download as ${titleOf(first)}`);
  return [main, menu];
}

/** Closes the list of formats when the person clicks elsewhere (Safari gives no focus to clicked buttons). */
addEventListener("click", (event) => {
  const list = byId("formats");
  if (list && !list.hidden && !event.target.closest(".menu")) list.parentElement.querySelector("button").click();
});

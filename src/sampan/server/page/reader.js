// Reading a document: its pages on the left, what was read on the right, as in a book of facing pages.

import { announce, byId, icon, make } from "./dom.js";
import { Facsimile, rove } from "./facsimile.js";
import { takeAway } from "./formats.js";
import { renderJson } from "./json_view.js";
import { Link } from "./link.js";
import { indexOf, renderPage, root } from "./rendering.js";
import { River } from "./river.js";
import { copy, copyRich } from "./clipboard.js";
import { fraction, plural, standing } from "./words.js";

const VIEWS = [
  ["page", "Page"], // only where there is no room for both leaves
  ["text", "Text"],
  ["md", "Markdown"],
  ["json", "JSON"],
];
const MOST_MARKDOWN = 400_000; // characters on the screen; copying and downloading give all of it

export class Reader {
  /** `acts`: cancel(job), remove(job), turn(number) (asks for a page, which comes back through `open`). */
  constructor(api, pictures, acts) {
    this.api = api;
    this.pictures = pictures;
    this.acts = acts;
    this.formats = [];
    this.section = byId("reader");
    this.job = null;
    this.document = null;
    byId("page-back").addEventListener("click", () => this.leaf(-1));
    byId("page-next").addEventListener("click", () => this.leaf(+1));
    byId("page-number").addEventListener("change", (event) => this.#jump(event.target));
  }

  /** Shows a job: its progress, its error, or its document at page `number`. */
  async open(job, number) {
    const fresh = this.job?.id !== job.id;
    if (fresh) this.close();
    this.job = job;
    this.number = number;
    byId("reader-name").textContent = job.name;
    document.title = `${job.name} – Sampan`;
    if (fresh) byId("reader-name").focus();
    if (job.status !== "done") this.#standing(job);
    else if (this.document) this.#turn();
    else if (!this.loading) await this.#load(job);
  }

  close() {
    this.job = this.document = this.markdown = this.source = this.loading = this.river = null;
    this.section.replaceChildren();
    byId("take").replaceChildren();
    byId("leafing").hidden = true;
  }

  /** To the next (+1) or previous (−1) page of those that were read. */
  leaf(steps) {
    if (!this.document) return;
    const target = this.document.pages[this.document.pages.indexOf(this.page) + steps];
    if (target) this.acts.turn(target.number);
  }

  // Before there is a document

  #standing(job) {
    const active = job.status === "queued" || job.status === "running";
    if (!active) return this.#problem(job.error ?? { title: standing(job), detail: "Nothing was kept of it." });
    if (!this.river) {
      this.river = new River(`Progress of ${job.name}`);
      this.line = make("p", { class: "line" });
      const cancel = make("button", { type: "button", class: "secondary", onclick: () => this.acts.cancel(this.job) }, "Cancel");
      this.section.replaceChildren(make("div", { class: "crossing" }, this.line, this.river.element, cancel));
    }
    this.line.textContent = standing(job);
    this.river.at(fraction(job), standing(job));
  }

  #problem({ title, detail }, again = null) {
    this.river = null;
    if (this.section.contains(document.activeElement)) byId("reader-name").focus();
    const retry = again && make("button", { type: "button", class: "secondary", onclick: again }, "Try again");
    const remove = make("button", { type: "button", class: "secondary", onclick: () => this.acts.remove(this.job) }, "Remove it");
    const back = make("a", { class: "primary", href: "#" }, "Try another document");
    this.section.replaceChildren(
      make("div", { class: "crossing trouble", role: "alert" }, icon("alert"), make("h2", {}, title), detail && detail !== title ? make("p", {}, detail) : null, make("div", { class: "answers" }, back, retry, remove)),
    );
  }

  async #load(job) {
    const hadFocus = this.section.contains(document.activeElement);
    this.river = null;
    this.section.replaceChildren(make("div", { class: "crossing" }, make("p", { class: "line" }, "Opening …")));
    if (hadFocus) byId("reader-name").focus();
    this.loading = job.id;
    try {
      const source = await this.#result("json");
      if (this.job?.id !== job.id) return;
      this.source = source;
      this.document = JSON.parse(source);
      this.index = indexOf(this.document);
      byId("take").replaceChildren(...takeAway(this.api, job, this.formats));
      this.#layOut();
      this.#turn();
      announce(`${job.name} is ready: ${plural(this.document.pages.length, "page")}.`);
    } catch (error) {
      if (this.job?.id === job.id) {
        const problem = error.title ? error : { title: "The result cannot be shown", detail: String(error.message) };
        this.#problem(problem, () => this.#load(job));
      }
    } finally {
      if (this.loading === job.id) this.loading = null;
    }
  }

  async #result(format) {
    const response = await this.api.request(`jobs/${encodeURIComponent(this.job.id)}/result`, { query: { to: format } });
    return response.text();
  }

  // The two leaves

  #layOut() {
    this.facsimile = new Facsimile(this.pictures, (steps) => this.leaf(steps));
    this.tabs = make("div", { class: "tabs", role: "tablist", "aria-label": "View" });
    for (const [view, title] of VIEWS) {
      this.tabs.append(make("button", { type: "button", role: "tab", id: `tab-${view}`, "aria-controls": "leaf", "data-view": view, onclick: () => this.#show(view) }, title));
    }
    this.tabs.addEventListener("keydown", (event) => this.#tabKey(event));
    this.copied = make("span", {}, "Copy");
    const copying = make("button", { type: "button", class: "quiet", id: "copy", onclick: () => this.#copy() }, icon("copy"), this.copied);
    this.leafPane = make("div", { class: "pane", id: "leaf", role: "tabpanel", tabindex: 0 });
    this.leafPane.addEventListener("keydown", (event) => this.#leafKey(event));
    this.leafPane.addEventListener("click", (event) => {
      const target = event.target.closest("button[data-page]");
      if (target) this.acts.turn(Number(target.dataset.page));
    });
    const reading = make("div", { class: "reading" }, make("div", { class: "tools" }, this.tabs, make("span", { class: "spring" }), copying), this.#failures(), this.leafPane);
    this.spread = make("div", { class: "spread" }, this.facsimile.element, reading);
    this.section.replaceChildren(this.spread);
    this.link = new Link(this.spread, this.facsimile.pane, this.leafPane, {
      partners: (id) => this.#partners(id),
      reveal: (side) => this.#reveal(side),
    });
    byId("leafing").hidden = false;
    this.#show("text");
  }

  /** Pages that could not be read, in a fold above the text. */
  #failures() {
    const { failures } = this.document;
    if (!failures?.length) return null;
    const items = failures.map(({ page, message }) => make("li", {}, page ? `Page ${page}: ` : "", message));
    return make("details", { class: "failures" }, make("summary", {}, icon("alert"), `${plural(failures.length, "thing")} went wrong`), make("ul", {}, ...items));
  }

  #turn() {
    const { pages, source } = this.document;
    if (!pages.length) return this.#problem({ title: "There is nothing in it", detail: this.document.failures?.[0]?.message ?? "No page could be read." });
    const page = pages.find(({ number }) => number === this.number) ?? pages[0];
    const at = pages.indexOf(page);
    const all = source.pages ?? pages.at(-1).number;
    byId("page-number").value = page.number;
    byId("page-count").textContent = `of ${all}`;
    byId("page-back").disabled = at === 0;
    byId("page-next").disabled = at === pages.length - 1;
    byId("leafing").classList.toggle("single", pages.length === 1);
    if (page === this.page && this.spread.dataset.job === this.job.id) return;
    const turned = this.spread.dataset.job === this.job.id;
    this.page = page;
    this.spread.dataset.job = this.job.id;
    this.link.rest();
    this.facsimile.show(this.job.id, page, this.index);
    this.#fill();
    if (turned) announce(`Page ${page.number} of ${all}`);
    const next = pages[at + 1];
    if (next) this.pictures.page(this.job.id, next.number, 1200).catch(() => {});
  }

  #jump(input) {
    const wanted = Number.parseInt(input.value, 10);
    const pages = this.document?.pages ?? [];
    if (!pages.length) return;
    const nearest = pages.reduce((best, page) => (Math.abs(page.number - wanted) < Math.abs(best.number - wanted) ? page : best), this.page);
    input.value = nearest.number;
    this.acts.turn(nearest.number);
  }

  // Views

  #show(view) {
    this.spread.dataset.view = view;
    for (const tab of this.tabs.children) {
      const on = tab.dataset.view === view;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      if (on) this.leafPane.setAttribute("aria-labelledby", tab.id);
    }
    if (view !== "page") this.view = view;
    this.link.rest();
    if (this.page) this.#fill();
  }

  async #fill() {
    const { view, page, leafPane } = this;
    leafPane.scrollTo(0, 0);
    if (view === "json") leafPane.replaceChildren(renderJson(page));
    else if (view === "md") await this.#fillMarkdown();
    else {
      const hasFigures = page.blocks.some(({ kind }) => kind === "figure");
      const text = renderPage(page, this.index, hasFigures ? this.pictures.page(this.job.id, page.number, 1600) : null);
      leafPane.replaceChildren(text, this.#onwards());
      const first = leafPane.querySelector(".number");
      if (first) first.tabIndex = 0;
    }
  }

  #onwards() {
    const next = this.document.pages[this.document.pages.indexOf(this.page) + 1];
    return next ? make("p", { class: "onwards" }, make("button", { type: "button", class: "link", "data-page": next.number }, `Page ${next.number}`, icon("next"))) : "";
  }

  async #fillMarkdown() {
    const pre = make("pre", { class: "markdown" });
    const { job } = this;
    if (!this.markdown) pre.append(make("span", { class: "empty", role: "status" }, "Writing the Markdown …"));
    this.leafPane.replaceChildren(pre);
    try {
      const markdown = this.markdown ?? (await this.#result("md"));
      if (this.job === job) this.markdown = markdown;
      pre.textContent = markdown.slice(0, MOST_MARKDOWN);
      if (markdown.length > MOST_MARKDOWN) pre.append("\n\n… the rest is in the file: copy or download it.");
    } catch (error) {
      pre.replaceWith(make("p", { class: "empty", role: "alert" }, `${error.title ?? "The Markdown cannot be shown"}. ${error.detail ?? ""}`));
    }
  }

  async #copy() {
    let done = false;
    if (this.view === "json") done = await copy(this.source);
    else if (this.view === "md") done = await copy(this.markdown ?? (await this.#result("md")));
    else done = await copyRich(this.document.pages.map((page) => plain(renderPage(page, this.index, null))));
    this.copied.textContent = done ? "Copied" : "Not allowed here";
    announce(done ? "The whole document is copied." : "This browser does not allow copying here.");
    setTimeout(() => (this.copied.textContent = "Copy"), 2500);
  }

  // Links between the leaves

  /** A block, the start of its paragraph, and everything that carries it on. */
  #partners(id) {
    const block = this.index.blocks.get(id);
    if (!block) return new Set([id]);
    const start = root(block, this.index);
    const ids = new Set([id, start.id]);
    for (const other of this.page.blocks) if (root(other, this.index) === start) ids.add(other.id);
    return ids;
  }

  /** Where only one leaf has room, the one that the person goes to comes up. */
  #reveal(side) {
    const narrow = getComputedStyle(byId("tab-page")).display !== "none";
    if (side === "left" && narrow) this.#show("page");
    if (side === "right" && (narrow || this.view === "md")) this.#show("text");
  }

  #leafKey(event) {
    const number = event.target.closest(".number");
    const steps = { ArrowDown: +1, ArrowRight: +1, ArrowUp: -1, ArrowLeft: -1, Home: -Infinity, End: +Infinity }[event.key];
    if (!number || !steps) return;
    event.preventDefault();
    rove(number, steps, [...this.leafPane.querySelectorAll(".number")]);
  }

  #tabKey(event) {
    const tabs = [...this.tabs.children].filter((tab) => tab.offsetParent !== null);
    const at = tabs.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    const tab = tabs.at(to % tabs.length);
    this.#show(tab.dataset.view);
    tab.focus();
  }
}

/** A rendered page as it is to be pasted: without numbers, furniture and what only this page needs. */
function plain(article) {
  for (const extra of article.querySelectorAll(".number, .continued, .empty, .header, .footer, .page-number")) extra.remove();
  for (const element of article.querySelectorAll("*")) {
    for (const { name } of [...element.attributes]) if (!["rowspan", "colspan", "scope", "dir", "value"].includes(name)) element.removeAttribute(name);
  }
  for (const box of [...article.querySelectorAll("div, span")]) box.replaceWith(...box.childNodes);
  return article;
}

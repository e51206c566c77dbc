// The shelf: files on their way and documents of earlier days, newest first, each a row that changes in place
// so that the focus stays where it was.

import { announce, byId, icon, make } from "./dom.js";
import { ordered, saveLink, titleOf } from "./formats.js";
import { River } from "./river.js";
import { fraction, plural, size, standing } from "./words.js";

export class Shelf {
  /** `acts`: cancel(job), remove(job), again(sending), drop(sending), password(). */
  constructor(api, pictures, acts) {
    this.api = api;
    this.pictures = pictures;
    this.acts = acts;
    this.formats = [];
    this.rows = new Map(); // job id or Sending → Row
    this.list = byId("document-list");
    this.seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) target.row.thumbnail();
    });
  }

  /** Shows a job; a new one goes to the top unless it is an `earlier` one. */
  show(job, { earlier = false } = {}) {
    const row = this.rows.get(job.id) ?? this.#add(job.id, earlier);
    row.job(job);
  }

  showSending(sending) {
    const row = this.rows.get(sending) ?? this.#add(sending, false);
    row.sending(sending);
  }

  /** The row of a file that was sent becomes that of its job. */
  sent(sending, job) {
    const row = this.rows.get(sending);
    this.rows.delete(sending);
    if (this.rows.has(job.id)) row?.element.remove(); // the same key twice is the same job
    else if (row) this.rows.set(job.id, row);
    this.show(job);
  }

  take(key) {
    const row = this.rows.get(key);
    if (!row) return;
    const hadFocus = row.element.contains(document.activeElement);
    const neighbour = row.element.nextElementSibling ?? row.element.previousElementSibling;
    row.element.remove();
    this.rows.delete(key);
    byId("documents").hidden = !this.rows.size;
    if (hadFocus) (neighbour?.querySelector("a, button") ?? byId("choose")).focus();
  }

  has = (id) => this.rows.has(id);

  #add(key, earlier) {
    const row = new Row(this);
    this.rows.set(key, row);
    if (earlier) this.list.append(row.element);
    else this.list.prepend(row.element);
    byId("documents").hidden = false;
    return row;
  }
}

class Row {
  constructor(shelf) {
    this.shelf = shelf;
    this.state = null;
    this.sheet = make("span", { class: "thumbnail" }, icon("sheet"));
    this.name = make("a", { class: "title" });
    this.line = make("p", { class: "line" });
    this.body = make("div", { class: "about" }, this.name, this.line);
    this.actions = make("div", { class: "actions" });
    this.element = make("li", { class: "document" }, this.sheet, this.body, this.actions);
    this.element.row = this;
    this.river = null;
  }

  job(job) {
    this.current = job;
    this.#title(job.name, `#${encodeURIComponent(job.id)}`);
    const active = job.status === "queued" || job.status === "running";
    this.#text(standing(job), job.status === "failed" ? job.error : null);
    this.#progress(active, fraction(job), job.name);
    if (this.state === job.status) return;
    this.state = this.element.dataset.state = job.status;
    const { acts, api, formats } = this.shelf;
    if (active) this.#act(button("close", `Cancel ${job.name}`, () => acts.cancel(job)));
    else {
      const take = job.status === "done" ? ordered(formats)[0] : null;
      this.#act(
        take && saveLink(api, job, take, { class: "secondary", "aria-label": `Download ${job.name} as ${titleOf(take)}` }, icon("download"), make("span", {}, titleOf(take))),
        needsPassword(job.error) && make("button", { type: "button", class: "secondary", onclick: () => acts.password() }, "Give the password"),
        button("remove", `Remove ${job.name}`, () => acts.remove(this.current)),
      );
    }
    if (job.status === "done") this.shelf.seen.observe(this.element);
  }

  sending(sending) {
    this.#title(sending.name, null);
    const { state, problem } = sending;
    const rest = Math.max(1, Math.ceil((sending.until - Date.now()) / 1000));
    const line = {
      waiting: `Waiting to be sent · ${size(sending.file.size)}`,
      sending: sending.fraction < 1 ? `Sending · ${size(sending.file.size)}` : "Arriving",
      resting: `The server is busy: trying again in ${plural(rest, "second")}`,
      failed: "",
    }[state];
    this.#text(line, state === "failed" ? problem : null);
    this.#progress(state !== "failed", state === "sending" ? sending.fraction : null, sending.name);
    if (this.state === state) return;
    this.state = this.element.dataset.state = state;
    const { acts } = this.shelf;
    this.#act(
      state === "failed" && make("button", { type: "button", class: "secondary", onclick: () => acts.again(sending), "aria-label": `Try again: ${sending.name}` }, icon("again"), make("span", {}, "Try again")),
      state === "resting" && make("button", { type: "button", class: "secondary", onclick: () => (sending.until = 0) }, "Try now"),
      button("close", `${state === "failed" ? "Dismiss" : "Cancel"} ${sending.name}`, () => acts.drop(sending)),
    );
    if (state === "failed") announce(`${sending.name}: ${problem.title}. ${problem.detail}`);
    if (state === "resting") announce(`${sending.name}: ${line}`);
  }

  /** Fetches the picture of the first page when the row comes into sight. */
  async thumbnail() {
    this.shelf.seen.unobserve(this.element);
    try {
      const url = await this.shelf.pictures.page(this.current.id, 1, 160);
      const image = make("img", { src: url, alt: "" });
      await image.decode();
      this.sheet.replaceChildren(image);
    } catch {
      // The drawn sheet stays: of a document without its first page there is no better picture.
    }
  }

  #title(name, target) {
    if (this.name.textContent !== name) this.name.textContent = name;
    if (target) this.name.setAttribute("href", target);
    else this.name.removeAttribute("href");
  }

  #text(text, problem) {
    if (problem) {
      const parts = [icon("alert"), make("strong", {}, problem.title), problem.detail && problem.detail !== problem.title ? make("span", {}, problem.detail) : null];
      this.line.replaceChildren(...parts.filter(Boolean));
    } else if (this.line.textContent !== text) this.line.textContent = text;
    this.line.classList.toggle("trouble", Boolean(problem));
  }

  #progress(active, at, name) {
    if (active && !this.river) {
      this.river = new River(`Progress of ${name}`);
      this.body.append(this.river.element);
    } else if (!active) {
      this.river?.element.remove();
      this.river = null;
    }
    this.river?.at(at, this.line.textContent);
  }

  /** Puts new actions in place; the focus goes to the first one if it was on one that is gone. */
  #act(...actions) {
    const hadFocus = this.actions.contains(document.activeElement);
    this.actions.replaceChildren(...actions.filter(Boolean));
    if (hadFocus) this.actions.querySelector("a, button")?.focus();
  }
}

const button = (drawing, label, onclick) => make("button", { type: "button", class: "quiet", "aria-label": label, title: label.split(" ")[0], onclick }, icon(drawing));

const needsPassword = (error) => /password/i.test(`${error?.title} ${error?.detail}`);

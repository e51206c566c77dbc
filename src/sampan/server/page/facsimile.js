// The page as it looks, with the regions that were found on it: zoom, reading order, keyboard.

import { icon, make } from "./dom.js";
import { root } from "./rendering.js";

const ZOOMS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4];
const WIDTHS = [800, 1200, 1600, 2400]; // of the pictures that are asked for
const PREFERENCE = "sampan-regions";

export class Facsimile {
  constructor(pictures, leaf) {
    this.pictures = pictures;
    this.zoom = 1;
    this.image = make("img", { alt: "", draggable: "false" });
    this.regions = make("div", { class: "regions", role: "group" });
    this.sheet = make("div", { class: "sheet" }, this.image, this.regions);
    this.pane = make("div", { class: "pane", tabindex: 0, role: "region", "aria-label": "Page as it looks; arrow keys turn pages, plus and minus zoom" }, this.sheet);
    this.shown = make("output", { class: "zoom" }, "100 %");
    this.toggle = make("button", { type: "button", class: "quiet", "aria-pressed": "true", onclick: () => this.#toggle() }, icon("regions"), make("span", {}, "Regions"));
    this.smaller = tool("minus", "Smaller", () => this.#step(-1));
    this.larger = tool("plus", "Larger", () => this.#step(+1));
    this.element = make(
      "div",
      { class: "facsimile" },
      make("div", { class: "tools", role: "group", "aria-label": "The page" }, this.toggle, make("span", { class: "spring" }), this.smaller, this.shown, this.larger),
      this.pane,
    );
    if (stored() === "off") this.#toggle();
    this.pane.addEventListener("keydown", (event) => this.#key(event, leaf));
    // Larger windows, zooming, and coming into sight in a narrow one all ask for a sharper picture.
    new ResizeObserver(() => this.page && this.#fetch()).observe(this.sheet);
    this.pane.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  show(jobId, page, index) {
    this.jobId = jobId;
    this.page = page;
    this.loaded = 0;
    this.sheet.style.aspectRatio = `${page.width} / ${page.height}`;
    this.sheet.classList.remove("unseen");
    this.image.removeAttribute("src");
    this.image.alt = `Page ${page.number}`;
    this.regions.setAttribute("aria-label", `Regions of page ${page.number}, arrow keys go through them`);
    this.regions.replaceChildren(...page.blocks.map((block) => region(block, page, index)));
    const first = this.regions.querySelector("button");
    if (first) first.tabIndex = 0;
    this.pane.scrollTo(0, 0);
    this.#size();
    this.#fetch(); // a page of the same size as the one before is no change of size
  }

  /** The picture at the size that it is shown at; a larger one replaces a smaller one and never the reverse. */
  async #fetch() {
    const { page, jobId } = this;
    const wanted = this.sheet.clientWidth * devicePixelRatio;
    const width = WIDTHS.find((candidate) => candidate >= wanted) ?? WIDTHS.at(-1);
    if (width <= this.loaded) return;
    this.loaded = width;
    try {
      const url = await this.pictures.page(jobId, page.number, width);
      if (this.page === page && this.loaded === width) this.image.src = url;
    } catch {
      if (this.page === page) this.sheet.classList.add("unseen");
    }
  }

  #size() {
    // Very long pages would be a ribbon when fitted by height, so the width decides for them.
    this.sheet.style.width = `${this.zoom * 100}%`;
    this.shown.value = `${Math.round(this.zoom * 100)} %`;
    this.smaller.disabled = this.zoom <= ZOOMS[0];
    this.larger.disabled = this.zoom >= ZOOMS.at(-1);
  }

  #step(direction) {
    const next = direction > 0 ? ZOOMS.find((zoom) => zoom > this.zoom + 0.01) : ZOOMS.findLast((zoom) => zoom < this.zoom - 0.01);
    this.#zoomTo(next ?? this.zoom);
  }

  /** What was in the middle stays in the middle. */
  #zoomTo(zoom) {
    const { pane } = this;
    const x = (pane.scrollLeft + pane.clientWidth / 2) / pane.scrollWidth;
    const y = (pane.scrollTop + pane.clientHeight / 2) / pane.scrollHeight;
    this.zoom = zoom;
    this.#size();
    pane.scrollTo(x * pane.scrollWidth - pane.clientWidth / 2, y * pane.scrollHeight - pane.clientHeight / 2);
  }

  #wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.#zoomTo(Math.min(ZOOMS.at(-1), Math.max(ZOOMS[0], this.zoom * Math.exp(-event.deltaY / 300))));
  }

  #toggle() {
    const off = this.element.classList.toggle("plain");
    this.toggle.setAttribute("aria-pressed", String(!off));
    try {
      localStorage.setItem(PREFERENCE, off ? "off" : "on");
    } catch {
      // without storage the choice holds until the page is left
    }
  }

  #key(event, leaf) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const onRegion = event.target.closest(".region");
    const act = {
      "+": () => this.#step(+1),
      "=": () => this.#step(+1),
      "-": () => this.#step(-1),
      0: () => this.#zoomTo(1),
      ...(onRegion
        ? {
            ArrowRight: () => rove(onRegion, +1),
            ArrowDown: () => rove(onRegion, +1),
            ArrowLeft: () => rove(onRegion, -1),
            ArrowUp: () => rove(onRegion, -1),
            Home: () => rove(onRegion, -Infinity),
            End: () => rove(onRegion, +Infinity),
          }
        : this.pane.scrollWidth > this.pane.clientWidth + 1 // then the arrows are for scrolling
          ? {}
          : { ArrowRight: () => leaf(+1), ArrowLeft: () => leaf(-1) }),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}

function region(block, page, index) {
  const [x0, y0, x1, y1] = block.box;
  const ordered = block.order !== undefined && block.order !== null;
  const number = ordered ? String(block.order + 1) : "";
  const text = root(block, index).text ?? "";
  const kind = block.kind.replace("_", " ");
  const about = text.length > 80 ? `${text.slice(0, 80)} …` : text;
  const sure = block.confidence < 0.995 ? `, read with ${Math.round(block.confidence * 100)} % confidence` : "";
  const element = make(
    "button",
    { type: "button", class: "region", tabindex: -1, "data-block": block.id, "data-kind": block.kind, "aria-label": `${number ? `${number}, ` : ""}${kind}${sure}${about ? `: ${about}` : ""}` },
    make("span", { class: number ? "badge" : "badge bare", "aria-hidden": "true" }, number, make("span", { class: "kind" }, `${number ? " " : ""}${kind}`)),
  );
  element.style.left = `${(x0 / page.width) * 100}%`;
  element.style.top = `${(y0 / page.height) * 100}%`;
  element.style.width = `${(Math.max(x1 - x0, 0) / page.width) * 100}%`;
  element.style.height = `${(Math.max(y1 - y0, 0) / page.height) * 100}%`;
  return element;
}

/** Moves the focus by `steps` among the buttons of one kind around `from`; only one of them is in the tab order. */
export function rove(from, steps, buttons = [...from.parentElement.querySelectorAll("button")]) {
  const at = Math.min(buttons.length - 1, Math.max(0, buttons.indexOf(from) + steps));
  enter(buttons[at], buttons);
}

export function enter(button, buttons) {
  for (const other of buttons) other.tabIndex = -1;
  button.tabIndex = 0;
  button.focus({ preventScroll: true });
}

const tool = (drawing, label, onclick) => make("button", { type: "button", class: "quiet", "aria-label": label, onclick }, icon(drawing));

function stored() {
  try {
    return localStorage.getItem(PREFERENCE);
  } catch {
    return null;
  }
}

// Regions and passages light up together: the one under the pointer or the focus, its counterpart, and a
// thread between them.

import { calm, draw } from "./dom.js";
import { enter } from "./facsimile.js";
import { numberIn } from "./rendering.js";

export class Link {
  /** `left` and `right` are the scrolling panes; `partners(id)` gives all ids that light up with `id`. */
  constructor(frame, left, right, { partners, reveal }) {
    this.left = left;
    this.right = right;
    this.partners = partners;
    this.frame = frame;
    this.lead = draw("path", { class: "lead" });
    this.path = draw("path");
    this.thread = draw("svg", { class: "thread", "aria-hidden": "true" }, this.lead, this.path);
    frame.append(this.thread);
    this.lit = null;
    for (const pane of [left, right]) {
      pane.addEventListener("pointerover", (event) => event.pointerType !== "touch" && this.#light(event.target, pane));
      pane.addEventListener("pointerleave", () => this.#clear());
      pane.addEventListener("focusin", (event) => this.#light(event.target, pane));
      pane.addEventListener("focusout", () => this.#clear());
      pane.addEventListener("scroll", () => this.#tie(), { passive: true });
      pane.addEventListener("click", (event) => this.#cross(event, reveal));
    }
    addEventListener("resize", () => this.#tie());
  }

  /** Forgets what was lit, for when the page is turned. */
  rest() {
    this.#clear();
  }

  #light(target, pane) {
    const id = target.closest("[data-block]")?.dataset.block;
    if (!id || id === this.lit) return id ? undefined : this.#clear();
    this.#clear();
    this.lit = id;
    this.from = pane;
    const ids = this.partners(id);
    this.pair = [this.left, this.right].map((side) => [...side.querySelectorAll("[data-block]")].filter(({ dataset }) => ids.has(dataset.block)));
    for (const element of this.pair.flat()) element.classList.add("lit");
    const other = pane === this.left ? this.right : this.left;
    const [counterpart] = pane === this.left ? this.pair[1] : this.pair[0];
    if (counterpart) bring(counterpart, other);
    this.#tie();
  }

  #clear() {
    for (const element of this.pair?.flat() ?? []) element.classList.remove("lit");
    this.pair = null;
    this.lit = null;
    this.#tie();
  }

  /** Draws the thread to the passage if both can be seen: as dots over the page, lest it strike out what stands there. */
  #tie() {
    const [region] = this.pair?.[0] ?? [];
    const [passage] = this.pair?.[1] ?? [];
    this.thread.classList.remove("tied");
    if (!region || !passage || this.left.offsetParent === null || this.right.offsetParent === null) return;
    const a = within(region, this.left);
    const b = within(numberIn(passage) ?? passage, this.right);
    if (!a || !b) return;
    const frame = this.frame.getBoundingClientRect();
    const [x1, y1] = [a.right - frame.left, a.top + 1 - frame.top];
    const [x2, y2] = [b.left - frame.left - 2, Math.min((b.top + b.bottom) / 2, b.top + 24) - frame.top];
    const edge = Math.max(x1, Math.min(within(region.closest(".sheet"), this.left).right - frame.left, x2));
    const bend = Math.max(16, (x2 - edge) / 2);
    this.lead.setAttribute("d", `M${x1} ${y1}H${edge}`);
    this.path.setAttribute("d", `M${edge} ${y1}C${edge + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
    this.thread.classList.add("tied");
  }

  /** A click on a region goes to its passage, one on a passage's number to its region. */
  #cross(event, reveal) {
    const button = event.target.closest("button.region, button.number");
    if (!button) return;
    const id = button.closest("[data-block]").dataset.block;
    const ids = this.partners(id);
    const toRight = button.classList.contains("region");
    reveal(toRight ? "right" : "left");
    const side = toRight ? this.right : this.left;
    const target = [...side.querySelectorAll("[data-block]")].find(({ dataset }) => ids.has(dataset.block));
    const into = toRight ? target && numberIn(target) : target;
    if (!target) return;
    bring(target, side);
    if (into) enter(into, side.querySelectorAll(".number, .region"));
  }
}

/** The visible part of an element inside its pane, or null. */
function within(element, pane) {
  const box = element.getBoundingClientRect();
  const view = pane.getBoundingClientRect();
  const top = Math.max(box.top, view.top);
  const bottom = Math.min(box.bottom, view.bottom);
  if (bottom - top < 4) return null;
  return { top, bottom, left: Math.max(box.left, view.left), right: Math.min(box.right, view.right) };
}

/** Scrolls the pane, and nothing around it, as far as needed to see the element. */
export function bring(element, pane) {
  const box = element.getBoundingClientRect();
  const view = pane.getBoundingClientRect();
  const scrolls = pane.scrollHeight > pane.clientHeight + 1 && getComputedStyle(pane).overflowY !== "visible";
  if (!scrolls) {
    element.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
    return;
  }
  const room = 24;
  const down = gap(box.top - room, box.bottom + room, view.top, view.bottom);
  const across = gap(box.left - room, box.right + room, view.left, view.right);
  if (down || across) pane.scrollBy({ top: down, left: across, behavior: calm() ? "auto" : "smooth" });
}

/** How far a span must move to lie inside another; the start counts where it does not fit. */
function gap(start, end, from, to) {
  if (start >= from && end <= to) return 0;
  return end - start > to - from || start < from ? start - from : end - to;
}

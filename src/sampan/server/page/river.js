// Progress: a boat on its way over a line of water.

import { icon, make } from "./dom.js";

export class River {
  constructor(label) {
    this.boat = make("span", { class: "ferry" }, icon("boat"));
    this.wake = make("span", { class: "wake" });
    this.element = make("div", { class: "river", role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 }, this.wake, this.boat);
    this.at(null);
  }

  /** `fraction` from 0 to 1, or null while it is not known; `text` is what a screen reader says for it. */
  at(fraction, text = "") {
    this.element.classList.toggle("waiting", fraction === null);
    const percent = Math.round((fraction ?? 0) * 100);
    if (fraction === null) this.element.removeAttribute("aria-valuenow");
    else this.element.setAttribute("aria-valuenow", percent);
    if (text) this.element.setAttribute("aria-valuetext", text);
    this.boat.style.left = `${percent}%`;
    this.wake.style.width = `${percent}%`;
  }
}

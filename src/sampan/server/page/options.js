// The few options that a person may need, made from the server's own schema so that none is offered that it
// does not know.

import { byId, make } from "./dom.js";

const OCR = [
  ["auto", "Where it is needed"],
  ["always", "Everywhere"],
  ["never", "Never, only the text in the file"],
];

export class Options {
  #fields = byId("option-fields");
  #values = new Map(); // option → () => value or undefined

  /** Shows the fields that `schema` (JSON Schema of the options) has. */
  offer(schema) {
    const known = schema?.properties ?? {};
    this.#fields.replaceChildren();
    this.#values.clear();
    if (known.ocr) this.#offerOcr();
    if (known.pages) this.#offerText("pages", "Pages", "all, or for example 1-3, 7, 10-");
    if (known.languages) this.#offerText("languages", "Languages", "for example en, de, zh", (text) => text.split(/[\s,;]+/));
    else if (known.language) this.#offerText("language", "Language", "for example en or zh");
    if (known.password) this.#offerText("password", "Password of the PDF", "", (text) => text, "password");
    byId("options").hidden = !this.#values.size;
  }

  /** What has been set; options left alone are not sent. */
  values() {
    const set = [...this.#values].map(([name, read]) => [name, read()]);
    return Object.fromEntries(set.filter(([, value]) => value !== undefined));
  }

  /** Opens the options at one field, for an error that it would mend. */
  show(name) {
    byId("options").open = true;
    byId(`option-${name}`)?.focus();
  }

  #offerOcr() {
    const group = make("fieldset", { class: "choice" }, make("legend", {}, "Read the pictures (OCR)"));
    for (const [value, text] of OCR) {
      const input = make("input", { type: "radio", name: "ocr", value, checked: value === "auto" });
      group.append(make("label", {}, input, ` ${text}`));
    }
    this.#fields.append(group);
    this.#values.set("ocr", () => {
      const value = group.querySelector("input:checked").value;
      return value === "auto" ? undefined : value;
    });
  }

  #offerText(name, label, hint, parse = (text) => text, type = "text") {
    const input = make("input", { id: `option-${name}`, type, autocomplete: "off", spellcheck: "false" });
    const hintId = `option-${name}-hint`;
    if (hint) input.setAttribute("aria-describedby", hintId);
    this.#fields.append(
      make(
        "div",
        { class: "field" },
        make("label", { for: `option-${name}` }, label),
        input,
        hint ? make("span", { class: "hint", id: hintId }, hint) : null,
      ),
    );
    this.#values.set(name, () => (input.value.trim() ? parse(input.value.trim()) : undefined));
  }
}

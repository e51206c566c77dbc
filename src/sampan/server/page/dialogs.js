// The two questions that the page ever asks: for a key, and whether something may really go.

import { make } from "./dom.js";

/** Asks for an API key; resolves to it, or to null if the person would rather not. */
export function askForKey(rejected) {
  const input = make("input", { id: "key", type: "password", autocomplete: "off", required: true, autofocus: true });
  return ask(
    "This server asks for a key",
    [
      make("p", {}, rejected ? "The server did not accept that key." : "Whoever runs it can give you one. It is forgotten when you close this tab."),
      make("label", { for: "key" }, "API key"),
      input,
    ],
    "Continue",
  ).then((agreed) => (agreed ? input.value.trim() || null : null));
}

/** Resolves to true if the person wants to go on. */
export function confirm(title, text, action) {
  return ask(title, [make("p", {}, text)], action, "danger");
}

function ask(title, content, action, kind = "primary") {
  return new Promise((resolve) => {
    const form = make(
      "form",
      { method: "dialog" },
      make("h2", { id: "question" }, title),
      ...content,
      make(
        "div",
        { class: "answers" },
        make("button", { type: "button", class: "secondary", onclick: () => dialog.close("") }, "Cancel"),
        make("button", { class: kind, value: "yes" }, action),
      ),
    );
    const dialog = make("dialog", { class: "question", "aria-labelledby": "question" }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// Copying, as text or with its structure, on pages served without TLS too, where the newer interface is missing.

/** Puts text on the clipboard; resolves to whether it worked. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return legacy({ "text/plain": text });
  }
}

/** Puts elements there: with structure for word processors, as text for everything else. */
export async function copyRich(elements) {
  const html = elements.map((element) => element.innerHTML).join("\n");
  const text = elements.map(textOf).filter(Boolean).join("\n\n");
  try {
    const item = new ClipboardItem({
      "text/html": new Blob([html], { type: "text/html" }),
      "text/plain": new Blob([text], { type: "text/plain" }),
    });
    await navigator.clipboard.write([item]);
    return true;
  } catch {
    return legacy({ "text/html": html, "text/plain": text });
  }
}

/** Cells apart by tabs, rows by line ends, everything else by an empty line. */
function textOf(article) {
  return [...article.children]
    .map((block) => {
      const rows = [...block.querySelectorAll("tr")];
      if (rows.length) return rows.map((row) => [...row.cells].map((cell) => cell.textContent).join("\t")).join("\n");
      const items = [...block.querySelectorAll("li")];
      return items.length ? items.map((item) => `• ${item.firstChild.textContent}`).join("\n") : block.textContent;
    })
    .filter(Boolean)
    .join("\n\n");
}

function legacy(contents) {
  const give = (event) => {
    for (const [type, text] of Object.entries(contents)) event.clipboardData.setData(type, text);
    event.preventDefault();
  };
  document.addEventListener("copy", give);
  try {
    return document.execCommand("copy");
  } finally {
    document.removeEventListener("copy", give);
  }
}

// Ways in: drop files or folders anywhere, paste a picture, or choose.

import { byId } from "./dom.js";

/** Calls `take(files)` with what the person brings. */
export function listenForFiles(take) {
  const input = byId("files");
  byId("choose").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = ""; // so that the same file can be chosen again
  });

  const veil = byId("veil");
  const scene = byId("landing");
  let depth = 0; // dragenter and dragleave come for every element that the pointer crosses
  const hover = (change) => {
    depth = change === 0 ? 0 : Math.max(0, depth + change);
    scene.classList.toggle("over", depth > 0);
    veil.hidden = depth === 0 || !scene.closest("section").hidden;
  };
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => carriesFiles(event) && hover(+1));
  addEventListener("dragleave", (event) => carriesFiles(event) && hover(-1));
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    hover(0);
    take(await dropped(event.dataTransfer));
  });

  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    take(files.map(named));
  });
}

/** The files of a drop, those in dropped folders too. Entries must be taken before the first await. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    // A reader gives a hundred entries at a time.
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return found;
    for (const inner of entries) {
      if (!inner.name.startsWith(".")) found.push(...(await filesOf(inner)));
    }
  }
}

/** Pasted pictures are all called image.png; the time tells them apart. */
function named(file) {
  if (file.name && !/^image\.\w+$/.test(file.name)) return file;
  const kind = file.type.split("/")[1]?.replace("jpeg", "jpg") || "png";
  const time = new Date().toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ".");
  return new File([file], `pasted ${time}.${kind}`, { type: file.type });
}

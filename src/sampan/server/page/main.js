// The page: files in, progress, documents out. The address says what is shown: `#` the shelf, `#ID` a document,
// `#ID/3` its third page; so going back, reloading and sharing an address do what people expect.

import { Api } from "./api.js";
import { askForKey, confirm } from "./dialogs.js";
import { announce, byId, make } from "./dom.js";
import { listenForFiles } from "./drop.js";
import { Options } from "./options.js";
import { Pictures } from "./pictures.js";
import { Reader } from "./reader.js";
import { Sender, Sending } from "./sending.js";
import { Shelf } from "./shelf.js";
import { Watch, ended } from "./watch.js";

const LISTED = 30;

const api = new Api(askForKey);
const pictures = new Pictures(api);
const options = new Options();
const jobs = new Map();
let opensNext = null; // the one file that was dropped, whose document opens by itself
let after = null;

const acts = {
  cancel: (job) => drop(job),
  remove: async (job) => {
    const sure = await confirm(`Remove ${job.name}?`, "The file and everything that was read from it go from the server.", "Remove");
    if (sure) await drop(job);
  },
  again: (sending) => sender.add(sending),
  drop: (sending) => {
    sender.cancel(sending);
    shelf.take(sending);
  },
  password: () => {
    location.hash = "";
    options.show("password");
    announce("Give the password and drop the file again.");
  },
  turn: (number) => (location.hash = `${encodeURIComponent(reader.job.id)}/${number}`),
};
const shelf = new Shelf(api, pictures, acts);
const reader = new Reader(api, pictures, acts);
const watch = new Watch(api, {
  onJob: news,
  onGone: forget,
  onTrouble: (problem) => notice(problem && { title: problem.title, detail: problem.status === 401 ? "Load the page again to give one." : "Trying again." }),
});
const sender = new Sender(api, {
  onChange: (sending) => shelf.showSending(sending),
  onSent: (sending, job) => {
    jobs.set(job.id, job);
    shelf.sent(sending, job);
    if (!ended(job)) watch.follow(job.id);
    if (opensNext === sending && !current().id) location.hash = encodeURIComponent(job.id);
    opensNext = null;
  },
});

/** Takes what the person brought. One file opens by itself when it is there; of many, the person chooses. */
function take(files) {
  if (!files.length) return;
  notice(null);
  const sendings = files.map((file) => new Sending(file, options.values()));
  opensNext = sendings.length === 1 && !sender.length ? sendings[0] : null;
  if (sendings.length > 1) location.hash = "";
  else if (opensNext && current().id) location.hash = "";
  for (const sending of [...sendings].reverse()) shelf.showSending(sending);
  for (const sending of sendings) sender.add(sending);
  announce(sendings.length === 1 ? `${files[0].name} is on its way.` : `${files.length} files are on their way.`);
}

function news(job) {
  const before = jobs.get(job.id);
  jobs.set(job.id, job);
  shelf.show(job);
  if (current().id === job.id) show();
  if (ended(job) && before && !ended(before)) say(job);
}

function say(job) {
  if (job.status === "failed") announce(`${job.name}: ${job.error?.title ?? "failed"}. ${job.error?.detail ?? ""}`);
  else if (job.status === "cancelled") announce(`${job.name} is cancelled.`);
  else if (current().id !== job.id) announce(`${job.name} is ready.`);
}

/** Cancels what still runs and takes away the rest, on the server and here. */
async function drop(job) {
  let response = null;
  try {
    response = await api.request(`jobs/${encodeURIComponent(job.id)}`, { method: "DELETE" });
  } catch (error) {
    if (error.status !== 404) return notice(error);
  }
  if (response?.status === 200) {
    const cancelled = await response.json();
    if (ended(cancelled)) watch.leave(job.id);
    news(cancelled);
  } else {
    forget(job.id);
    announce(`${job.name} is removed.`);
  }
  if (current().id === job.id) location.hash = "";
}

function forget(id) {
  watch.leave(id);
  jobs.delete(id);
  shelf.take(id);
  if (current().id === id) location.hash = "";
}

function current() {
  const [id, number] = location.hash.slice(1).split("/");
  try {
    return { id: decodeURIComponent(id), number: Number(number) || 1 };
  } catch {
    return { id, number: 1 }; // not an address of ours; the server will not know it either
  }
}

/** Shows what the address says. */
async function show() {
  const { id, number } = current();
  const reading = Boolean(id);
  document.body.classList.toggle("opened", reading);
  byId("shelf").hidden = reading;
  byId("reader").hidden = byId("bar").hidden = !reading;
  if (!reading) {
    const wasReading = reader.job;
    reader.close();
    document.title = "Sampan";
    if (wasReading) (document.querySelector(`a.title[href="#${encodeURIComponent(wasReading.id)}"]`) ?? byId("choose")).focus();
    return;
  }
  try {
    if (!jobs.has(id)) {
      const job = await api.json(`jobs/${encodeURIComponent(id)}`);
      jobs.set(id, job);
      if (!ended(job)) watch.follow(id);
    }
    if (current().id === id) await reader.open(jobs.get(id), number);
  } catch (error) {
    if (current().id === id) location.hash = "";
    notice(error);
  }
}

function notice(problem) {
  const box = byId("notice");
  box.hidden = !problem;
  const title = problem && (problem.title ?? String(problem.message ?? problem));
  box.replaceChildren(...(problem ? [make("strong", {}, `${title.replace(/\.$/, "")}.`), " ", problem.detail ?? ""] : []));
}

async function list() {
  const page = await api.json("jobs", { query: { limit: LISTED, after } });
  after = page.next ?? null;
  byId("more-documents").hidden = !after;
  for (const job of page.jobs) {
    if (!shelf.has(job.id)) shelf.show(job, { earlier: true });
    jobs.set(job.id, job);
    if (!ended(job)) watch.follow(job.id);
  }
}

async function start() {
  listenForFiles(take);
  addEventListener("hashchange", show);
  addEventListener("beforeunload", (event) => sender.length && event.preventDefault());
  addEventListener("trouble", (event) => notice(event.detail));
  byId("more-documents").addEventListener("click", () => list().catch(notice));
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address is the document's
    byId("main").focus();
  });
  try {
    const info = await api.json("info");
    shelf.formats = reader.formats = info.formats;
    sender.maxBytes = info.limits?.max_bytes ?? Infinity;
    options.offer(info.options);
    byId("colophon").textContent = `Sampan ${info.version}`;
    await Promise.all([list(), show()]);
  } catch (error) {
    notice(error); // over the empty shelf; asking for more would only fail again, or bring up the question for a key
  }
  document.documentElement.dataset.ready = "";
}

start();

// Sending files: two at a time, waiting when the server is busy, each file once however often it is tried.

import { freshKey, Problem } from "./api.js";
import { size } from "./words.js";

const AT_ONCE = 2;
const BUSY = [429, 503];
const SMALL = 1_000_000; // bytes that are there before a person can think twice

/** One file on its way. `state`: waiting, sending, resting (the server is busy) or failed. */
export class Sending {
  constructor(file, options) {
    this.file = file;
    this.options = options;
    this.name = file.name;
    this.key = freshKey();
    this.state = "waiting";
    this.fraction = 0;
    this.problem = null;
    this.until = 0;
    this.abort = new AbortController();
    this.unwanted = false;
  }
}

export class Sender {
  /** `onChange(sending)` for every change, `onSent(sending, job)` when the server has accepted it. */
  constructor(api, { onChange, onSent }) {
    this.api = api;
    this.onChange = onChange;
    this.onSent = onSent;
    this.queue = [];
    this.active = 0;
    this.maxBytes = Infinity;
  }

  add(sending) {
    const { file } = sending;
    if (file.size === 0) return this.#fail(sending, new Problem(422, "The file is empty", `${file.name} has 0 bytes: choose another one.`));
    if (file.size > this.maxBytes) {
      const detail = `${file.name} has ${size(file.size)}, this server takes ${size(this.maxBytes)}: split it or make it smaller.`;
      return this.#fail(sending, new Problem(413, "The file is too large", detail));
    }
    sending.state = "waiting";
    sending.problem = null;
    this.queue.push(sending);
    this.onChange(sending);
    this.#next();
  }

  /** What may have arrived already is not aborted: its job would live on unseen. It is cancelled when its id is known. */
  cancel(sending) {
    this.queue = this.queue.filter((other) => other !== sending);
    if (sending.state === "sending" && (sending.fraction === 1 || sending.file.size <= SMALL)) sending.unwanted = true;
    else sending.abort.abort();
  }

  /** How many files are still on their way. */
  get length() {
    return this.queue.length + this.active;
  }

  #next() {
    while (this.active < AT_ONCE && this.queue.length) {
      this.active += 1;
      this.#send(this.queue.shift()).finally(() => {
        this.active -= 1;
        this.#next();
      });
    }
  }

  async #send(sending) {
    const { file, options, key, abort } = sending;
    while (!abort.signal.aborted && !sending.unwanted) {
      sending.state = "sending";
      sending.fraction = 0;
      this.onChange(sending);
      const progress = (fraction) => {
        sending.fraction = fraction;
        if (!sending.unwanted) this.onChange(sending);
      };
      try {
        const job = await this.api.send(file, options, key, progress, abort.signal);
        if (sending.unwanted) await this.api.request(`jobs/${encodeURIComponent(job.id)}`, { method: "DELETE" });
        else this.onSent(sending, job);
        return;
      } catch (error) {
        if (error.name === "AbortError" || sending.unwanted) return;
        if (!BUSY.includes(error.status) || error.retryAfter === null) return this.#fail(sending, error);
        await this.#rest(sending, error);
      }
    }
  }

  /** Waits as long as the server asked for, counting down, unless the person tries at once or gives up. */
  async #rest(sending, problem) {
    sending.state = "resting";
    sending.problem = problem;
    sending.until = Date.now() + problem.retryAfter * 1000;
    while (Date.now() < sending.until && !sending.abort.signal.aborted) {
      this.onChange(sending);
      await new Promise((resolve) => setTimeout(resolve, Math.min(1000, Math.max(0, sending.until - Date.now()))));
    }
    sending.problem = null;
  }

  #fail(sending, error) {
    sending.state = "failed";
    sending.problem = error instanceof Problem ? error : new Problem(0, "The file could not be sent", String(error.message ?? error));
    this.onChange(sending);
  }
}

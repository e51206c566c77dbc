// Following jobs until they end: server-sent events for the first few, asking again and again for the rest.
//
// Browsers open six connections to a server and no more, so two streams are kept and everything else is asked
// for. A stream that breaks, or that says nothing for a while because something on the way holds it back, is
// given up, and its job is asked for like the others. EventSource cannot send a key, so the stream is read here.

const STREAMS = 2;
const SILENCE = 15_000;
const PAUSE = 1_000;
const LONGEST_PAUSE = 10_000;
const AT_ONCE = 6;

export const ended = (job) => ["done", "failed", "cancelled"].includes(job.status);

export class Watch {
  /**
   * `onJob(job)` for every news, `onGone(id)` when the server no longer knows it, `onTrouble(problem)` when it
   * cannot be asked, and `onTrouble(null)` when it can again.
   */
  constructor(api, { onJob, onGone, onTrouble }) {
    this.api = api;
    this.onJob = onJob;
    this.onGone = onGone;
    this.onTrouble = onTrouble;
    this.troubled = false;
    this.followed = new Map(); // id → AbortController of its stream, or null
    this.tried = new Set(); // streams that failed once are not opened again
    this.pause = PAUSE;
    this.timer = null;
    document.addEventListener("visibilitychange", () => this.#arrange());
  }

  follow(id) {
    if (this.followed.has(id)) return;
    this.followed.set(id, null);
    this.#arrange();
  }

  leave(id) {
    this.followed.get(id)?.abort();
    this.followed.delete(id);
    this.#arrange();
  }

  /** Opens streams while there is room; nobody looks at a hidden page, so it keeps none. */
  #arrange() {
    for (const [id, stream] of this.followed) {
      if (document.hidden && stream) {
        this.followed.set(id, null);
        stream.abort();
      }
    }
    let room = document.hidden ? 0 : STREAMS - [...this.followed.values()].filter(Boolean).length;
    for (const [id, stream] of this.followed) {
      if (room > 0 && !stream && !this.tried.has(id)) {
        room -= 1;
        this.#stream(id);
      }
    }
    this.#schedule();
  }

  #schedule() {
    const waiting = [...this.followed.values()].some((stream) => !stream);
    if (waiting && this.timer === null) this.timer = setTimeout(() => this.#ask(), this.pause);
  }

  async #ask() {
    // In turn: those asked for now go to the end of the queue.
    const ids = [...this.followed].filter(([, stream]) => !stream).map(([id]) => id).slice(0, AT_ONCE);
    for (const id of ids) {
      this.followed.delete(id);
      this.followed.set(id, null);
    }
    const ask = (id) => this.api.json(`jobs/${encodeURIComponent(id)}`, { quiet: true });
    const answers = await Promise.all(ids.map((id) => ask(id).then((job) => this.#news(job), (error) => this.#failed(id, error))));
    const problem = answers.find(Boolean) ?? null;
    if (problem || this.troubled) this.onTrouble(problem);
    this.troubled = problem !== null;
    this.pause = problem ? Math.min(this.pause * 2, LONGEST_PAUSE) : PAUSE;
    this.timer = null;
    this.#schedule();
  }

  #news(job) {
    if (this.followed.has(job.id)) {
      if (ended(job)) this.leave(job.id);
      this.onJob(job);
    }
  }

  /** The error, unless it only says that there is nothing to follow any more. */
  #failed(id, error) {
    if (error.status !== 404 && error.status !== 410) return error;
    this.leave(id);
    this.onGone(id);
    return null;
  }

  async #stream(id) {
    const stream = new AbortController();
    this.followed.set(id, stream);
    let silence = setTimeout(() => stream.abort(), SILENCE);
    try {
      const response = await this.api.request(`jobs/${encodeURIComponent(id)}/events`, {
        headers: { Accept: "text/event-stream" },
        quiet: true,
        signal: stream.signal,
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        clearTimeout(silence);
        silence = setTimeout(() => stream.abort(), SILENCE);
        const events = (text + value).replaceAll("\r\n", "\n").split("\n\n");
        text = events.pop();
        events.map(dataOf).filter(Boolean).forEach((job) => this.#news(job));
      }
    } catch (error) {
      if (error.status === 404) this.#failed(id, error);
    } finally {
      clearTimeout(silence);
      if (this.followed.get(id) === stream) {
        this.tried.add(id);
        this.followed.set(id, null);
      }
      this.#arrange();
    }
  }
}

/** The job in one event's `data:` lines, or null for comments and heartbeats. */
export function dataOf(event) {
  const data = event
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5))
    .join("\n");
  if (!data.trim()) return null;
  try {
    const job = JSON.parse(data);
    return job && job.id ? job : null;
  } catch {
    return null;
  }
}

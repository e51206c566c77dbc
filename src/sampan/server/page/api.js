// The server's interface as the page uses it: requests with the key if there is one, errors in words.

/** What the server said no with: the fields of its application/problem+json. */
export class Problem extends Error {
  constructor(status, title, detail, retryAfter = null) {
    super(detail || title);
    this.name = "Problem";
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }
}

const KEY = "sampan-key";
const TITLES = {
  0: "The server cannot be reached",
  401: "An API key is needed",
  404: "It is no longer there",
  413: "The file is too large",
  415: "This kind of file cannot be read",
  422: "The file cannot be read",
  429: "The server is busy",
  503: "The server is not ready",
};

export class Api {
  /** `askKey(rejected)` asks the person for a key and resolves to it, or to null. */
  constructor(askKey) {
    this.base = new URL("v1/", document.baseURI);
    this.askKey = askKey;
    this.asking = null;
    this.key = sessionStorage.getItem(KEY);
  }

  url(path, query = {}) {
    const url = new URL(path, this.base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== undefined) url.searchParams.set(name, value);
    }
    return url.href;
  }

  /**
   * `fetch` that raises a `Problem` for everything but success, after asking for a key where one is missing.
   * What nobody asked for, as the next news of a job, is `quiet` and never brings up the question.
   */
  async request(path, { query, quiet = false, ...init } = {}) {
    for (;;) {
      const key = this.key;
      const headers = { ...init.headers, ...(key && { Authorization: `Bearer ${key}` }) };
      let response;
      try {
        response = await fetch(this.url(path, query), { ...init, headers });
      } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new Problem(0, TITLES[0], "Is it running, and is this computer online?");
      }
      if (response.ok) return response;
      const problem = await this.problem(response.status, await response.text(), response.headers.get("Retry-After"));
      if (problem.status !== 401 || (quiet && this.key === key) || !(await this.unlock(key))) throw problem;
    }
  }

  async json(path, init) {
    return (await this.request(path, init)).json();
  }

  /** Asks for a key, once for all requests that wait for it; true if there is a new one to try. */
  async unlock(used) {
    if (this.key !== used) return true; // another request has asked in the meantime
    this.asking ??= this.askKey(used !== null).finally(() => (this.asking = null));
    const key = await this.asking;
    if (!key) return false;
    this.key = key;
    sessionStorage.setItem(KEY, key);
    return true;
  }

  /** Sends a file as a new job. XMLHttpRequest, because fetch does not tell how much has been sent. */
  async send(file, options, idempotencyKey, onProgress, signal) {
    for (;;) {
      const key = this.key;
      const { status, text, retryAfter } = await this.post(file, options, idempotencyKey, key, onProgress, signal);
      if (status >= 200 && status < 300) return JSON.parse(text);
      const problem = await this.problem(status, text, retryAfter);
      if (status !== 401 || !(await this.unlock(key))) throw problem;
    }
  }

  post(file, options, idempotencyKey, key, onProgress, signal) {
    return new Promise((resolve, reject) => {
      const form = new FormData();
      form.append("file", file, file.name);
      if (Object.keys(options).length) form.append("options", JSON.stringify(options));
      const request = new XMLHttpRequest();
      request.open("POST", this.url("jobs"));
      request.setRequestHeader("Idempotency-Key", idempotencyKey);
      if (key) request.setRequestHeader("Authorization", `Bearer ${key}`);
      request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
      request.onload = () =>
        resolve({
          status: request.status,
          text: request.responseText,
          retryAfter: request.getResponseHeader("Retry-After"),
        });
      request.onerror = () => reject(new Problem(0, TITLES[0], "The file did not arrive. Is the server running?"));
      request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
      signal.addEventListener("abort", () => request.abort());
      request.send(form);
    });
  }

  async problem(status, text, retryAfter) {
    let body = {};
    try {
      body = JSON.parse(text);
    } catch {
      // a proxy's own error page: its status must do
    }
    const seconds = Number.parseFloat(retryAfter);
    const title = typeof body.title === "string" ? body.title : (TITLES[status] ?? `The server answered ${status}`);
    return new Problem(
      status,
      title,
      typeof body.detail === "string" ? body.detail : "",
      Number.isFinite(seconds) ? Math.max(seconds, 0.2) : null,
    );
  }
}

/** A key for `Idempotency-Key`; crypto.randomUUID is missing on pages served without TLS. */
export function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

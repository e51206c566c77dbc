// Pictures of pages, fetched with the key where there is one, and forgotten when there are too many.

const KEPT = 24;

export class Pictures {
  #urls = new Map(); // path → promise of an object URL, least recently used first

  constructor(api) {
    this.api = api;
  }

  /** An address for `<img>` or SVG's `<image>` of page `number`, `width` pixels wide. */
  page(jobId, number, width) {
    const path = `jobs/${encodeURIComponent(jobId)}/pages/${number}.png`;
    const name = `${path}?${width}`;
    let url = this.#urls.get(name);
    if (url) this.#urls.delete(name);
    else {
      url = this.api
        .request(path, { query: { width }, quiet: true })
        .then((response) => response.blob())
        .then((blob) => URL.createObjectURL(blob));
      url.catch(() => this.#urls.delete(name));
    }
    this.#urls.set(name, url);
    this.#forget();
    return url;
  }

  #forget() {
    for (const [name, url] of this.#urls) {
      if (this.#urls.size <= KEPT) break;
      this.#urls.delete(name);
      url.then((address) => URL.revokeObjectURL(address), () => {});
    }
  }
}

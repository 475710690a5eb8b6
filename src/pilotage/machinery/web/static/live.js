// Says how fresh the figures are. htmx keeps the stream and swaps the parts; this listens to what it does, and when the
// stream falls silent the page says so: figures that nobody updates must not look alive.
(() => {
  "use strict";
  const source = document.querySelector("[data-live]");
  const words = document.querySelector("[data-live-words]");
  const dot = document.querySelector("[data-live-dot]");
  const lost = document.querySelector("[data-live-lost]");
  if (!source || !words || !dot || !lost) return;

  const SILENT_AFTER = 12000; // milliseconds; a beat comes every five seconds
  const line = words.closest(".freshness");
  let last = words.textContent.trim().replace(/^As of /, "");
  let silence;

  const listen = () => {
    clearTimeout(silence);
    silence = setTimeout(sayLost, SILENT_AFTER);
  };

  const sayLost = () => {
    if (document.hidden) return; // the stream rests while nobody looks
    line.classList.add("is-lost");
    words.textContent = `As of ${last}`;
    lost.textContent = "Not live: the connection is lost. It is tried again by itself.";
  };

  source.addEventListener("beat", (event) => {
    last = event.detail.data;
    line.classList.remove("is-lost");
    dot.hidden = false;
    words.textContent = `Live, as of ${last}`;
    if (lost.textContent) lost.textContent = "";
    listen();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) listen(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  listen();
})();

// Explorers in the page: the notebook's own script, with frames that come as scripts, part by part, when they are needed.
//   explorers/<Name>/opening.js   llmlabSite.explorer(name, {controls, first, boxes, slow, parts, ...})
//   explorers/<Name>/<n>.js       llmlabSite.part(name, n, "deflated, in letters")
"use strict";

(() => {
  const { element, load } = llmlabSite;
  const openings = {}, texts = {}, parts = {};
  llmlabSite.explorer = (name, opening) => (openings[name] = opening);
  llmlabSite.part = (name, number, text) => (texts[`${name}/${number}`] = text);

  // A part, loaded and unpacked once, whoever asks.
  function part(name, number) {
    const key = `${name}/${number}`;
    parts[key] ??= load(`explorers/${key}.js`)
      .then(() => inflated(texts[key]))
      .finally(() => delete texts[key])
      .catch((error) => {
        delete parts[key]; // it may come next time
        throw error;
      });
    return parts[key];
  }

  function inflated(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).json();
  }

  // ---- the state in the address: #stride=3&2.stride=5 is that of the first and of the second explorer of the page ----
  const places = [...document.querySelectorAll(".llmlab-explorer[data-explorer]")];
  const live = new Map(); // place -> {source, opening, state}
  const prefix = (place) => (places.indexOf(place) ? `${places.indexOf(place) + 1}.` : "");

  function asked() {
    const hash = location.hash.slice(1);
    return hash.includes("=") ? new URLSearchParams(hash) : new URLSearchParams();
  }

  function namesFor(place) {
    const own = prefix(place);
    return [...asked().keys()].filter((key) => (own ? key.startsWith(own) : !/^\d+\./.test(key))).map((key) => key.slice(own.length));
  }

  // The state that the address asks of an explorer, and what of it there is not.
  function wanted(place, { controls, first }) {
    const state = { ...first.state }, unknown = [];
    for (const name of namesFor(place)) {
      const text = asked().get(prefix(place) + name);
      const control = controls.find((one) => one.name === name);
      const value = control?.values.find((one) => String(one) === text);
      if (value === undefined) unknown.push(`${name}=${text}`);
      else state[name] = value;
    }
    return { state, unknown };
  }

  function write() {
    const found = new URLSearchParams();
    for (const place of places)
      if (live.has(place)) {
        const { opening, state } = live.get(place);
        for (const { name } of opening.controls) if (state[name] !== opening.first.state[name]) found.set(prefix(place) + name, state[name]);
      } else for (const name of namesFor(place)) found.set(prefix(place) + name, asked().get(prefix(place) + name)); // not there yet: kept
    const hash = String(found);
    if (hash || location.hash.includes("=")) history.replaceState(history.state, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  function follow(place) {
    const { source, opening, state, news } = live.get(place);
    const { state: other, unknown } = wanted(place, opening);
    const there = source.has(other);
    news.textContent = unknown.length || !there ? `The address asks for ${unknown.join(", ") || "a setting"}: this picture does not have that here.` : "";
    if (!there || JSON.stringify(other) === JSON.stringify(state)) return;
    live.get(place).state = other;
    source.go(other);
  }

  // ---- coming to life ---------------------------------------------------------------------------------------------
  async function alive(place) {
    const name = place.dataset.explorer;
    await Promise.all([load("explorers/host.js"), load(`explorers/${name}/opening.js`)]);
    if (live.has(place)) return;
    const opening = openings[name];
    const source = llmlabHost.fileSource(opening, (number) => part(name, number), (state) => {
      live.get(place).state = state;
      write();
    });
    const news = element("p", { className: "llmlab-remark" });
    news.setAttribute("role", "status");
    live.set(place, { source, opening, state: opening.first.state, news });
    place.replaceChildren();
    place.classList.add("llmlab-mounted");
    llmlabHost.mount(place, source);
    place.append(element("p", { className: "llmlab-remark", textContent: opening.remark }), news);
    if (namesFor(place).length) follow(place);
  }

  if (!("DecompressionStream" in window)) {
    for (const place of places) place.append(element("p", { className: "llmlab-remark", textContent: "To move it, open this page in a newer browser." }));
    return;
  }
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries)
        if (isIntersecting) {
          near.unobserve(target);
          alive(target).catch(() => {}); // the still picture stays
        }
    },
    { rootMargin: "600px" },
  );
  for (const place of places) near.observe(place);

  function toAsked() {
    const first = places.find((place) => namesFor(place).length);
    if (!first) return;
    keepInView(first);
    for (const place of places) if (live.has(place)) follow(place);
  }

  // What comes to life above it grows, and a page that is loaded again goes back to where it was. Until the visitor
  // scrolls, the place stays where it was put.
  let kept = null;
  const grown = new ResizeObserver(bringBack);
  function keepInView(place) {
    kept = { place };
    history.scrollRestoration = "manual";
    grown.observe(document.body);
    bringBack();
  }
  function bringBack() {
    if (!kept) return;
    kept.place.scrollIntoView({ block: "start", behavior: "instant" });
    kept.top = kept.place.getBoundingClientRect().top;
  }
  window.addEventListener("scroll", () => {
    if (!kept || Math.abs(kept.place.getBoundingClientRect().top - kept.top) < 2) return;
    kept = null;
    grown.disconnect();
    history.scrollRestoration = "auto";
  });
  window.addEventListener("hashchange", toAsked);
  toAsked();
})();

// What is live in the pages: answers to exercises, explorers, how far one is. Nothing here is fetched: files come by
// <script>, which also works from a disk, and call back by name. No page needs this script to be read.
"use strict";

const llmlabSite = (() => {
  const here = new URL(".", document.currentScript.src); // _static/
  const loads = new Map();

  // Load a script of the site once; the promise ends when it has run.
  function load(path) {
    if (!loads.has(path))
      loads.set(path, new Promise((done, failed) => {
        const script = document.createElement("script");
        script.src = new URL(path, here);
        script.async = false; // in the order in which they are asked for
        script.onload = done;
        script.onerror = () => {
          loads.delete(path); // it may be there next time
          failed(new Error(`${path} cannot be loaded`));
        };
        document.head.append(script);
      }));
    return loads.get(path);
  }

  const element = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };

  document.head.append(element("link", { rel: "stylesheet", href: new URL("llmlab-live.css", here) }));
  for (const part of ["store", "fields", "exercises", "explorers", "print"]) load(`llmlab-${part}.js`);
  return { load, element };
})();

// Change the page as little as the next frame needs: the same nodes keep focus, scroll, selection, open folds and the
// transitions of their style. Nodes are the same by their `data-key`, the others by their place.
//
// Libraries that do this (morphdom, idiomorph) know nodes by `id`. A frame has no ids: several explorers stand on one
// page, and stored outputs must not vary. What is left of them without ids is the sixty lines below.

const GLIDE = 220; // ms
const workshop = document.createElement("template");

// What the host itself has put on a node of the frame, by name: a frame's own attributes come and go around it.
const owned = new WeakMap();

export function setOwned(node, name, value) {
  if (!owned.has(node)) owned.set(node, new Set());
  owned.get(node).add(name);
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

export function dropOwned(node) {
  for (const name of owned.get(node) ?? []) node.removeAttribute(name);
  owned.delete(node);
}

// `html` is escaped by the kernel's renderer. With `glide`, nodes that carry data-flip travel to their new places.
export function morph(target, html, glide = false) {
  workshop.innerHTML = html;
  const before = glide ? places(target) : new Map();
  children(target, workshop.content);
  if (before.size) glideFrom(before, target);
}

function children(old, fresh) {
  const keyed = new Map();
  for (const node of old.childNodes) if (keyOf(node)) keyed.set(nameOf(node), node);
  let at = old.firstChild; // from here on nothing has found its place yet
  for (const wish of [...fresh.childNodes]) {
    const known = keyOf(wish) ? keyed.get(nameOf(wish)) : alike(at, wish);
    if (!known) {
      old.insertBefore(wish, at);
      continue;
    }
    if (known === at) at = at.nextSibling;
    else old.insertBefore(known, at);
    keyed.delete(nameOf(wish));
    if (known.nodeType === Node.ELEMENT_NODE) {
      attributes(known, wish);
      children(known, wish);
    } else if (known.data !== wish.data) known.data = wish.data;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

// The next node without a key, if it is of the same kind.
function alike(at, wish) {
  while (at && keyOf(at)) at = at.nextSibling;
  return at && nameOf(at) === nameOf(wish) ? at : null;
}

function attributes(old, fresh) {
  const mine = owned.get(old);
  for (const { name, value } of fresh.attributes)
    if (name !== "open" && !mine?.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes])
    if (name !== "open" && !mine?.has(name) && !fresh.hasAttribute(name)) old.removeAttribute(name); // a fold is the reader's
}

const keyOf = (node) => node.dataset?.key;
const nameOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? `${node.nodeName} ${keyOf(node) ?? ""}` : `#${node.nodeType}`);

const places = (target) =>
  new Map([...target.querySelectorAll("[data-flip]")].map((node) => [node.dataset.key, node.getBoundingClientRect()]));

function glideFrom(before, target) {
  const after = places(target); // all are measured before anything moves
  for (const node of target.querySelectorAll("[data-flip]")) {
    const was = before.get(node.dataset.key), is = after.get(node.dataset.key);
    if (!was) node.animate([{ opacity: 0 }, { opacity: 1 }], GLIDE);
    else if (was.x !== is.x || was.y !== is.y)
      node.animate([{ transform: `translate(${was.x - is.x}px, ${was.y - is.y}px)` }, { transform: "none" }], { duration: GLIDE, easing: "ease-out" });
  }
}

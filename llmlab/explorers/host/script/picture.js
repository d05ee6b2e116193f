// The picture as a control. The frame's HTML says what can be done to it (host/touch.py writes these attributes):
//   data-set='{"control": value}'   press it: those controls move, as one change
//   data-sweep                      on a container: dragging over its data-set children presses each
//   data-spin="control"             drag it sideways, or arrow keys: the control steps through its values
//   data-group="name" | "follow"    on a container: one tab stop, arrows go to the nearest; "follow" presses it too

import { dropOwned, setOwned } from "./morph.js";

const STEP = 14; // px of a drag for one value of a spin
const ACTIVE = "[data-set],[data-spin]";
const SPIN_KEYS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 4, PageDown: -4 };
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `valuesOf(name)` are a control's values, [] for text, undefined for a name that is none. `change(values, axis)` moves
// controls, `near(name)` says that a control is about to move, `has(values)` whether there is a picture for them,
// `refuse(mark)` that one was pressed for which there is none.
export function livePicture(picture, { state, valuesOf, change, near, has, refuse }) {
  let dressed = new Set();
  let drag = null;

  const asked = (node) => Object.entries(JSON.parse(node.dataset.set ?? "{}")).filter(([name]) => valuesOf(name));
  const wanted = (node) => Object.fromEntries(asked(node).filter(([name, value]) => !valuesOf(name).length || valuesOf(name).includes(value)));
  const isThere = (node) => has(Object.fromEntries(asked(node)));
  const isOn = (node) => node.hasAttribute("data-set") && isThere(node) && Object.entries(wanted(node)).every(([name, value]) => state()[name] === value);
  const groupOf = (node) => node.closest("[data-group]");

  // Roles, names, what is on, and one tab stop for each group.
  function dress() {
    const active = new Set(picture.querySelectorAll(ACTIVE));
    for (const node of dressed) if (!active.has(node)) dropOwned(node);
    dressed = active;
    const groups = new Map();
    for (const node of active) {
      if (node.dataset.spin) dressSpin(node);
      else {
        setOwned(node, "role", "button");
        setOwned(node, "aria-pressed", isOn(node));
        setOwned(node, "data-on", isOn(node) ? "" : null);
        setOwned(node, "aria-disabled", isThere(node) ? null : true);
      }
      if (node.dataset.tip) setOwned(node, "aria-label", node.dataset.tip);
      const group = groupOf(node) ?? node;
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(node);
    }
    for (const nodes of groups.values()) {
      const stop = nodes.find((node) => node === document.activeElement) ?? nodes.find(isOn) ?? nodes[0];
      for (const node of nodes) setOwned(node, "tabindex", node === stop ? 0 : -1);
    }
  }

  function dressSpin(node) {
    const values = valuesOf(node.dataset.spin) ?? [];
    setOwned(node, "aria-disabled", [-1, 1].some((by) => has(spun(node, by))) ? null : true);
    const place = (value) => (typeof value === "number" ? value : values.indexOf(value));
    const now = { ...state(), ...wanted(node) }[node.dataset.spin];
    setOwned(node, "role", "spinbutton");
    setOwned(node, "aria-valuenow", place(now));
    setOwned(node, "aria-valuemin", place(values[0]));
    setOwned(node, "aria-valuemax", place(values.at(-1)));
    setOwned(node, "aria-valuetext", node.textContent.trim() || now);
  }

  function press(node) {
    if (!isThere(node)) return refuse(node);
    const values = wanted(node);
    const names = Object.keys(values);
    if (names.length) change(values, names.find((name) => values[name] !== state()[name]) ?? names[0]);
  }

  // A spin may begin elsewhere: what else its data-set says comes first, unless it is the case already.
  function spin(node, by) {
    const values = spun(node, by);
    if (has(values)) change(values, node.dataset.spin);
    else refuse(node);
  }

  function spun(node, by) {
    const name = node.dataset.spin;
    const values = valuesOf(name);
    const also = wanted(node);
    const at = Math.min(Math.max(values.indexOf(also[name] ?? state()[name]) + by, 0), values.length - 1);
    return { ...also, [name]: values[at] };
  }

  const byKey = (key) => picture.querySelector(`[data-key="${CSS.escape(key)}"]`);
  const focus = (node) => node.focus({ preventScroll: true });

  picture.addEventListener("pointerdown", (event) => {
    const node = event.target.closest(ACTIVE);
    if (!node || event.button) return;
    focus(node);
    drag = { key: node.dataset.key, sweep: node.closest("[data-sweep]"), spin: node.dataset.spin, x: event.clientX, moved: false };
    if (drag.spin) near(drag.spin);
    event.preventDefault(); // JupyterLab would take the focus for its cell
  });
  picture.addEventListener("pointermove", (event) => {
    if (!drag || !event.buttons) return;
    if (drag.spin) {
      const steps = Math.trunc((event.clientX - drag.x) / STEP);
      const node = steps && byKey(drag.key);
      if (!node) return;
      picture.setPointerCapture(event.pointerId); // the drag goes on where the number ends
      spin(node, steps);
      drag.x += STEP * steps;
      drag.moved = true;
    } else if (drag.sweep) {
      const node = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-set]");
      if (!node || !drag.sweep.contains(node) || isOn(node)) return;
      press(node);
      focus(node);
      drag.moved = true;
    }
  });
  const ended = () => setTimeout(() => (drag = null)); // after the click that ends it
  window.addEventListener("pointerup", ended);
  window.addEventListener("pointercancel", ended);
  picture.addEventListener("click", (event) => {
    const node = event.target.closest("[data-set]");
    if (node && !node.dataset.spin && !drag?.moved) press(node);
  });

  picture.addEventListener("keydown", (event) => {
    const node = event.target.closest(ACTIVE);
    if (!node || event.altKey || event.ctrlKey || event.metaKey) return;
    if (node.dataset.spin && event.key in SPIN_KEYS) spin(node, SPIN_KEYS[event.key]);
    else if ((event.key === "Enter" || event.key === " ") && node.dataset.set) press(node);
    else {
      const next = neighbour(node, event.key);
      if (!next) return;
      next.focus();
      if (groupOf(next)?.dataset.group === "follow") press(next);
      else dress();
    }
    event.preventDefault();
  });

  // The nearest of its group in the arrow's direction, by where it lies on the page: rows, columns, bars, arcs alike.
  function neighbour(node, key) {
    const group = groupOf(node);
    if (!group || !WAYS[key]) return null;
    const [right, down] = WAYS[key];
    const middle = (one) => {
      const box = one.getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const [x, y] = middle(node);
    let best = null, least = Infinity;
    for (const other of group.querySelectorAll(ACTIVE)) {
      const [u, v] = middle(other);
      const along = (u - x) * right + (v - y) * down;
      const distance = along + 4 * Math.abs((u - x) * down + (v - y) * right);
      if (other === node || along <= 1 || distance >= least || groupOf(other) !== group) continue;
      least = distance;
      best = other;
    }
    return best;
  }

  // Where the focus was on something that the frame no longer has, the group's tab stop takes it.
  function keepFocus(paint) {
    const focused = document.activeElement;
    const inside = picture.contains(focused) && focused !== picture;
    const group = inside && groupOf(focused)?.dataset.key;
    paint();
    dress();
    if (!inside || picture.contains(document.activeElement)) return;
    focus(((group && byKey(group)) || picture).querySelector(`[tabindex="0"]`) ?? picture);
  }

  return {
    paint: keepFocus,
    dress,
    end() {
      window.removeEventListener("pointerup", ended);
      window.removeEventListener("pointercancel", ended);
    },
  };
}

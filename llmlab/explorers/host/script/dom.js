// Making elements. Nothing here knows what an explorer is.

export const element = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

// Attributes that have no property of their own; undefined ones are left out.
export const labelled = (node, attributes) => {
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(name, value);
  return node;
};

export const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

// Three shapes of a player, drawn: as letters some systems would show them as coloured pictures.
const SHAPES = { back: "M11 3 5 8l6 5zM3 3h2v10H3z", play: "M4 3l9 5-9 5z", pause: "M4 3h3v10H4zM9 3h3v10H9z", on: "M5 3l6 5-6 5zM11 3h2v10h-2z" };

export const setIcon = (button, shape) => {
  button.innerHTML = `<svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><path d="${SHAPES[shape]}" fill="currentColor"></path></svg>`;
};

export const iconButton = (shape, label) => {
  const button = labelled(element("button", { type: "button" }), { "aria-label": label });
  setIcon(button, shape);
  return button;
};

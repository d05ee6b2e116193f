// The frames that have arrived, by state. `more` (the folded numbers) comes only when it was asked for.

const FRAMES_KEPT = 240; // the oldest go first
const VALUES_ASKED = 20; // of a long axis, the values nearest to the present one

export function frameStore(controls) {
  const cache = new Map();
  let generation; // of the frames that are still true
  const values = Object.fromEntries(controls.map((control) => [control.name, control.values]));
  const keyOf = (state) => JSON.stringify(controls.map(({ name }) => state[name]));

  return {
    keyOf,
    get: (state) => cache.get(keyOf(state)),

    keep(frame) {
      if (frame.generation !== generation) return;
      const key = keyOf(frame.state);
      const more = frame.more ?? cache.get(key)?.more ?? null; // what was sent once stays true
      cache.delete(key);
      cache.set(key, { ...frame, more });
      while (cache.size > FRAMES_KEPT) cache.delete(cache.keys().next().value);
    },

    startAnew(next) {
      if (next !== generation) cache.clear();
      generation = next;
    },

    // Of one control's values those whose frames are lacking, the nearest to the present one first.
    missing(state, axis, isWhole, [low, high]) {
      if (!axis) return [];
      const within = values[axis].slice(values[axis].indexOf(low), values[axis].indexOf(high) + 1);
      const distance = (value) => Math.abs(values[axis].indexOf(value) - values[axis].indexOf(state[axis]));
      return within
        .sort((a, b) => distance(a) - distance(b))
        .slice(1, VALUES_ASKED + 1) // the nearest is the present one itself
        .filter((value) => !isWhole(cache.get(keyOf({ ...state, [axis]: value }))));
    },
  };
}

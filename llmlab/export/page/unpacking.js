// The model as it lies in this page: one text in base64 that holds all weights, and a list of where each table begins.

function bytesFromBase64(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** Numbers of 16 bits (1 sign, 5 exponent, 10 fraction) as those of 32. */
function fromHalves(halves) {
  return Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1, exponent = (half >> 10) & 31, fraction = half & 1023;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  });
}

/** { config, weights }, where 'blocks.0.attention.qkv.weight' is weights.blocks[0].attention.qkv.weight. */
function unpackModel({ config, tables, dtype, base64 }) {
  const bytes = bytesFromBase64(base64);
  const numbers = dtype === 'float16' ? fromHalves(new Uint16Array(bytes.buffer)) : new Float32Array(bytes.buffer);
  const weights = {};
  let start = 0;
  for (const [name, size] of tables) {
    const path = name.split('.');
    let at = weights;
    path.slice(0, -1).forEach((key, i) => { at = at[key] ??= /^\d+$/.test(path[i + 1]) ? [] : {}; });
    at[path.at(-1)] = numbers.subarray(start, (start += size));
  }
  weights.head ??= { weight: weights.embedding.token.weight }; // tied: the head is the token table, turned around
  return { config, weights };
}

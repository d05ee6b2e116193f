// A GPT's forward pass: one token in, logits out. Vectors are plain arrays of numbers, and each step is one function.

/** y = W x + b, where the table W lies row after row: a row for each number of y. */
function linear({ weight, bias }, x) {
  const n = x.length;
  const y = new Float64Array(weight.length / n);
  let row = 0;
  for (; row + 3 < y.length; row += 4) { // four rows at a time: about twice as fast as one after the other
    const a = row * n, b = a + n, c = b + n, d = c + n;
    let sumA = 0, sumB = 0, sumC = 0, sumD = 0;
    for (let i = 0; i < n; i++) {
      sumA += weight[a + i] * x[i];
      sumB += weight[b + i] * x[i];
      sumC += weight[c + i] * x[i];
      sumD += weight[d + i] * x[i];
    }
    y[row] = sumA;
    y[row + 1] = sumB;
    y[row + 2] = sumC;
    y[row + 3] = sumD;
  }
  for (; row < y.length; row++) for (let i = 0; i < n; i++) y[row] += weight[row * n + i] * x[i];
  if (bias) for (let at = 0; at < y.length; at++) y[at] += bias[at];
  return y;
}

/** LayerNorm where there is a shift, RMSNorm where there is none. */
function norm({ scale, shift }, x, eps) {
  let mean = 0, square = 0;
  if (shift) for (const value of x) mean += value / x.length;
  for (const value of x) square += ((value - mean) * (value - mean)) / x.length;
  const y = new Float64Array(x.length), size = Math.sqrt(square + eps);
  for (let i = 0; i < x.length; i++) y[i] = ((x[i] - mean) / size) * scale[i] + (shift ? shift[i] : 0);
  return y;
}

function softmax(scores) {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = scores.map((score) => Math.exp(score - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

const silu = (z) => z / (1 + Math.exp(-z));
const gelu = (z) => 0.5 * z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z * z * z)));

/** Rotary positions: in each head, turn the pair (2i, 2i + 1) by an angle that grows with the position. */
function turn(x, position, size, theta) {
  for (let i = 0; i < x.length; i += 2) {
    const angle = position * theta ** (-(i % size) / size);
    const [a, b] = [x[i], x[i + 1]];
    x[i] = a * Math.cos(angle) - b * Math.sin(angle);
    x[i + 1] = a * Math.sin(angle) + b * Math.cos(angle);
  }
}

/** Each query head looks at the keys of all tokens so far and takes the values in these shares. */
function attention(layer, config, x, { keys, values }) {
  const size = config.d_model / config.n_heads;
  const shared = config.n_kv_heads * size;
  const qkv = linear(layer.qkv, x);
  const q = qkv.slice(0, config.d_model);
  const k = qkv.slice(config.d_model, config.d_model + shared);
  if (config.positions === 'rotary') {
    turn(q, keys.length, size, config.rope_theta);
    turn(k, keys.length, size, config.rope_theta); // a key is kept as it was turned
  }
  keys.push(k);
  values.push(qkv.slice(config.d_model + shared));
  const context = new Float64Array(config.d_model);
  for (let head = 0; head < config.n_heads; head++) {
    const from = head * size; // of this head's numbers in q, and of those that it shares in k and v:
    const fromShared = Math.floor((head * config.n_kv_heads) / config.n_heads) * size;
    const scores = new Float64Array(keys.length);
    keys.forEach((key, token) => {
      let dot = 0;
      for (let i = 0; i < size; i++) dot += q[from + i] * key[fromShared + i];
      scores[token] = dot / Math.sqrt(size);
    });
    const shares = softmax(scores);
    values.forEach((value, token) => {
      for (let i = 0; i < size; i++) context[from + i] += shares[token] * value[fromShared + i];
    });
  }
  return linear(layer.out_proj, context);
}

/** Each vector by itself: out to a greater width, through GELU or a gate, and back. */
function feedForward(part, x) {
  const wide = linear(part.expand, x);
  if (!part.gate) return linear(part.contract, wide.map(gelu));
  const gate = linear(part.gate, x);
  return linear(part.contract, wide.map((value, i) => silu(gate[i]) * value));
}

/** The same through the few experts to whom the router gives the largest logits, in the shares of their softmax. */
function mixture({ router, experts }, x, experts_per_token) {
  const logits = linear(router, x);
  const chosen = [...logits.keys()].sort((a, b) => logits[b] - logits[a]).slice(0, experts_per_token);
  const shares = softmax(chosen.map((expert) => logits[expert]));
  const total = new Float64Array(x.length);
  chosen.forEach((expert, i) => {
    feedForward(experts[expert], x).forEach((value, j) => { total[j] += shares[i] * value; });
  });
  return total;
}

const add = (x, y) => x.map((value, i) => value + y[i]);

/** Keys and values of each layer, and the ids that they belong to. */
const emptyCache = (config) => ({
  ids: [],
  layers: Array.from({ length: config.n_layers }, () => ({ keys: [], values: [] })),
});

/** Read one more token: its vector after all blocks. The cache gets a key and a value in every layer. */
function readToken(model, id, cache, isLast) {
  const { config, weights } = model;
  const row = (table, at) => Float64Array.from(table.subarray(at * config.d_model, (at + 1) * config.d_model));
  let x = row(weights.embedding.token.weight, id);
  if (config.positions === 'learned') x = add(x, row(weights.embedding.position.weight, cache.ids.length));
  weights.blocks.forEach((block, i) => {
    x = add(x, attention(block.attention, config, norm(block.norm_attention, x, config.norm_eps), cache.layers[i]));
    if (!isLast && i === config.n_layers - 1) return; // nothing reads this vector: its key and value are kept
    const normed = norm(block.norm_feed_forward, x, config.norm_eps);
    const part = block.feed_forward;
    x = add(x, part.router ? mixture(part, normed, config.experts_per_token) : feedForward(part, normed));
  });
  cache.ids.push(id);
  return x;
}

/** Logits of the token that comes after `ids`; past the context length, after the newest that fit. */
function nextLogits(model, ids, cache) {
  const { config, weights } = model;
  const window = ids.slice(-config.context_length);
  // What the cache holds of these very tokens in these places stays; at least the newest token is read.
  let held = 0;
  while (held < window.length - 1 && cache.ids[held] === window[held]) held++;
  cache.ids.length = held;
  for (const layer of cache.layers) layer.keys.length = layer.values.length = held;
  let x;
  for (let at = held; at < window.length; at++) x = readToken(model, window[at], cache, at === window.length - 1);
  return linear(weights.head, norm(weights.norm, x, config.norm_eps));
}

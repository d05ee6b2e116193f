"""Record the comparison of lesson 14: data/variants.json, GPT-2's architecture and one change of it at a time.

    python tools/record_variants.py

Each variant is trained on the toy world with three seeds (first weights and order of the windows), all with the same
steps, windows and learning rate, on one thread. Where a change gives or takes more than 1 % of the parameters, the
inner width of the feed-forward part makes up for it. Nothing is tuned: the learning rate suits the first row. One row
breaks the rule of equal totals, and says so: experts with as many *active* parameters as the first row has, which is
what they are for.

The file is written anew after each run, so that a recording that was stopped goes on with the runs that it lacks.
"""

from __future__ import annotations

import json
import platform
import sys
import time
import warnings
from dataclasses import asdict, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402
from tqdm import tqdm  # noqa: E402

from llmlab.bpe import BPETokenizer, train_bpe  # noqa: E402
from llmlab.corpus import toy_world  # noqa: E402
from llmlab.generation import cache_bytes  # noqa: E402
from llmlab.gpt import GPT, GPTConfig, count_operations, count_parameters, expert_loads  # noqa: E402
from llmlab.training import History, TrainConfig, split_documents, train  # noqa: E402
from llmlab.windows import SlidingWindowDataset, pack  # noqa: E402

PRODUCT = ROOT / "data" / "variants.json"
SEPARATOR = "<|endoftext|>"
SENTENCES, VOCABULARY, CONTEXT_LENGTH, BATCH_SIZE = 20_000, 700, 32, 16
SEEDS = (0, 1, 2)
SETTINGS = TrainConfig(steps=1_000, learning_rate=4e-3, evaluate_every=200)

SAME_TOTAL, SAME_ACTIVE = "total", "active"
CHANGES: dict[str, tuple[dict, str]] = {
    "GPT-2": ({}, SAME_TOTAL),
    "RMSNorm": ({"norm": "rms"}, SAME_TOTAL),
    "SwiGLU": ({"mlp": "swiglu"}, SAME_TOTAL),
    "rotary positions": ({"positions": "rotary"}, SAME_TOTAL),
    "grouped queries": ({"n_kv_heads": 2}, SAME_TOTAL),
    "experts, same total": ({"n_experts": 4, "experts_per_token": 2}, SAME_TOTAL),
    "experts, same active": ({"n_experts": 4, "experts_per_token": 2}, SAME_ACTIVE),
    "all but experts": ({"norm": "rms", "mlp": "swiglu", "positions": "rotary", "n_kv_heads": 2}, SAME_TOTAL),
    "all": (
        {"norm": "rms", "mlp": "swiglu", "positions": "rotary", "n_kv_heads": 2, "n_experts": 4},
        SAME_TOTAL,
    ),
}


def base(vocab_size: int) -> GPTConfig:
    """The architecture that the changes are changes of."""
    return GPTConfig(vocab_size, CONTEXT_LENGTH, d_model=64, n_heads=4, n_layers=3, qkv_bias=True, tie_weights=True)


def variants(vocab_size: int) -> dict[str, GPTConfig]:
    """The configuration of each row, its inner width chosen so that its parameters are as many as the base's."""
    one = base(vocab_size)
    return {
        name: _matched(replace(one, **change), getattr(count_parameters(one), same), same)
        for name, (change, same) in CHANGES.items()
    }


def _matched(config: GPTConfig, wanted: int, same: str) -> GPTConfig:
    """The config as it is where it has as many parameters as wanted, within 1 %; else with the inner width that has."""

    def difference(config: GPTConfig) -> int:
        return abs(getattr(count_parameters(config), same) - wanted)

    if difference(config) <= wanted / 100:
        return config
    return min((replace(config, d_ff=width) for width in range(8, 1_024)), key=difference)


def texts() -> tuple[list[int], list[int], BPETokenizer]:
    """Ids to learn from, ids to measure on, and their tokenizer."""
    training, validation = split_documents(toy_world(SENTENCES, seed=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # fewer merges than asked: every word is one token then
        tokenizer = train_bpe(training, VOCABULARY, special_tokens=[SEPARATOR])
    ids = [pack(part.split(SEPARATOR), tokenizer, SEPARATOR) for part in (training, validation)]
    return ids[0], ids[1], tokenizer


def run(config: GPTConfig, ids: list[int], measured: list[int], seed: int, until: int = SETTINGS.steps) -> dict:
    """Train one variant from one seed, to the end or until a measurement; what it came to."""
    order = torch.Generator().manual_seed(seed)
    windows = SlidingWindowDataset(ids, CONTEXT_LENGTH, CONTEXT_LENGTH)
    loader = DataLoader(windows, BATCH_SIZE, shuffle=True, drop_last=True, generator=order)
    validation = DataLoader(SlidingWindowDataset(measured, CONTEXT_LENGTH, CONTEXT_LENGTH), 64)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = GPT(config)

    def stop(history: History) -> None:
        if len(history.loss) >= until:
            raise KeyboardInterrupt  # ends the run as Ctrl-C does: after the step in hand

    history = train(model, loader, SETTINGS, validation=validation, progress=False, on_evaluation=stop)
    found = {"seed": seed, "validation": [[step, round(loss, 5)] for step, loss in history.validation]}
    if config.n_experts is not None:
        loads = expert_loads(model, torch.tensor(measured[: 64 * CONTEXT_LENGTH]).view(64, CONTEXT_LENGTH))
        found["expert_loads"] = [[round(load, 4) for load in layer] for layer in loads.tolist()]
    return found


def costs(config: GPTConfig) -> dict[str, int]:
    """What a variant costs, counted."""
    parameters = count_parameters(config)
    return {
        "parameters": parameters.total,
        "active_parameters": parameters.active,
        "operations": count_operations(config, CONTEXT_LENGTH).total,
        "cache_bytes": cache_bytes(config.n_layers, config.kv_heads, config.d_head, CONTEXT_LENGTH, bytes_per_number=4),
    }


def recipe(vocab_size: int) -> dict:
    """All that the figures depend on, but for the machine."""
    data = {"toy_world_sentences": SENTENCES, "vocabulary": vocab_size, "context_length": CONTEXT_LENGTH}
    settings = {name: value for name, value in asdict(SETTINGS).items() if name != "checkpoint"}
    return {"command": "python tools/record_variants.py", **data, "batch_size": BATCH_SIZE, "training": settings}


def main() -> None:
    torch.set_num_threads(1)
    ids, measured, tokenizer = texts()
    kept = json.loads(PRODUCT.read_text("utf-8")) if PRODUCT.exists() else {}
    wanted, rows = recipe(len(tokenizer)), {}
    if kept.get("recipe") == wanted:
        rows = {row["name"]: row for row in kept["variants"]}
    configs = variants(len(tokenizer))
    for seed, (name, config) in tqdm([(seed, item) for seed in SEEDS for item in configs.items()], unit="run"):
        fresh = {"name": name, "same": CHANGES[name][1], "config": asdict(config), **costs(config), "runs": []}
        row = rows.setdefault(name, fresh)
        if row["config"] != fresh["config"]:
            row = rows[name] = fresh
        if seed in [one["seed"] for one in row["runs"]]:
            continue
        begun = time.process_time()
        row["runs"].append(run(config, ids, measured, seed) | {"cpu_seconds": round(time.process_time() - begun, 1)})
        where = {"python": platform.python_version(), "torch": torch.__version__, "machine": platform.machine()}
        content = {"recipe": wanted, "recorded_with": where, "variants": [rows[one] for one in configs if one in rows]}
        PRODUCT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Record what lesson 14 ends with: data/llama.safetensors and data/mixtral.safetensors.

    python tools/record_llama.py

Each holds the random weights of a small model of `transformers` under the names that published files have, token ids,
and the logits that `transformers` computes from them. Students need no `transformers`: the lesson loads the weights
into llmlab's GPT and compares the logits. Nothing is trained and nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

DATA = Path(__file__).resolve().parent.parent / "data"
# All sizes differ. The names are those of a config.json, which lies beside published weights.
LLAMA = {
    **{"vocab_size": 31, "max_position_embeddings": 16, "hidden_size": 24, "intermediate_size": 40},
    **{"num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 3, "rms_norm_eps": 1e-5},
    **{"rope_theta": 500_000.0, "tie_word_embeddings": False},
}
MIXTRAL = LLAMA | {"num_hidden_layers": 1, "num_local_experts": 5, "num_experts_per_tok": 2}


def model_of(family: str, sizes: dict) -> torch.nn.Module:
    """A model of `transformers` with random weights that are large enough for logits worth comparing."""
    config, kind = getattr(transformers, f"{family}Config"), getattr(transformers, f"{family}ForCausalLM")
    model = kind(config(**sizes)).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator) + (parameter.dim() == 1))
    return model


def record(family: str, sizes: dict) -> Path:
    """Write weights, ids and logits of one family."""
    model = model_of(family, sizes)
    ids = torch.randint(sizes["vocab_size"], (2, 13), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = {"ids": ids, "logits": model(ids).logits}
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    path = DATA / f"{family.lower()}.safetensors"
    save_file(weights | found, path, metadata={"recorded_with": f"transformers {transformers.__version__}"})
    return path


def main() -> None:
    for family, sizes in (("Llama", LLAMA), ("Mixtral", MIXTRAL)):
        path = record(family, sizes)
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

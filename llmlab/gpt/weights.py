"""GPT-2's published weights, put where they belong in our model."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from llmlab.gpt.model import GPT
from llmlab.utils.arguments import require_kind
from llmlab.utils.modules import unwrapped

# Where our tensors stand in Hugging Face's GPT-2. Four of its weights are (in, out); `nn.Linear` has (out, in).
_OUTSIDE_THE_BLOCKS = {
    "embedding.token.weight": "wte.weight",
    "embedding.position.weight": "wpe.weight",
    "norm.scale": "ln_f.weight",
    "norm.shift": "ln_f.bias",
}
_IN_A_BLOCK = {
    "norm_attention.scale": "ln_1.weight",
    "norm_attention.shift": "ln_1.bias",
    "attention.qkv.weight": "attn.c_attn.weight",
    "attention.qkv.bias": "attn.c_attn.bias",
    "attention.out_proj.weight": "attn.c_proj.weight",
    "attention.out_proj.bias": "attn.c_proj.bias",
    "norm_feed_forward.scale": "ln_2.weight",
    "norm_feed_forward.shift": "ln_2.bias",
    "feed_forward.expand.weight": "mlp.c_fc.weight",
    "feed_forward.expand.bias": "mlp.c_fc.bias",
    "feed_forward.contract.weight": "mlp.c_proj.weight",
    "feed_forward.contract.bias": "mlp.c_proj.bias",
}
_TURNED = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")


def load_gpt2_weights(model: GPT, hugging_face_state_dict: Mapping[str, Tensor]) -> None:
    """Copy GPT-2 weights, as the library `transformers` names them, into `model`.

    Args:
        model: a GPT of the same sizes, with `qkv_bias=True`; with tied weights, or else it gets a copy of the table.
        hugging_face_state_dict: of `GPT2Model` or `GPT2LMHeadModel`.

    Raises:
        TypeError: `model` is not a GPT, or the weights are not a mapping.
        KeyError: a tensor is missing.
        ValueError: shapes that differ, layers that are left over, or a model that GPT-2's weights do not fit.
    """
    model = unwrapped(model)
    require_kind("model", model, GPT, "a GPT")
    if not isinstance(hugging_face_state_dict, Mapping):
        raise TypeError(
            "hugging_face_state_dict must map names to tensors, as `model.state_dict()` does, "
            f"got {type(hugging_face_state_dict).__name__}"
        )
    config = model.config
    if not config.qkv_bias or config.kv_heads != config.n_heads:
        raise ValueError(
            "GPT-2 has a bias in its query/key/value projection and as many key/value heads as query heads: "
            "build the model with qkv_bias=True and without n_kv_heads"
        )
    theirs = {name.removeprefix("transformer."): tensor for name, tensor in hugging_face_state_dict.items()}
    n_layers = 1 + max((int(name.split(".")[1]) for name in theirs if name.startswith("h.")), default=-1)
    if n_layers != config.n_layers:
        raise ValueError(f"the weights are of {n_layers} layers, the model has {config.n_layers}")

    names = dict(_OUTSIDE_THE_BLOCKS)
    for layer in range(config.n_layers):
        names |= {f"blocks.{layer}.{ours}": f"h.{layer}.{name}" for ours, name in _IN_A_BLOCK.items()}
    names["head.weight"] = "lm_head.weight" if "lm_head.weight" in theirs else "wte.weight"

    loaded = {}
    for ours, parameter in model.state_dict().items():
        name = names[ours]
        if name not in theirs:
            raise KeyError(f"the weights have no tensor {name!r}: are they GPT-2's, from `model.state_dict()`?")
        tensor = theirs[name].T if name.endswith(_TURNED) else theirs[name]
        if tensor.shape != parameter.shape:
            raise ValueError(
                f"{name} makes a tensor of shape {tuple(tensor.shape)}, the model expects {tuple(parameter.shape)} "
                f"for {ours}: compare the sizes of its GPTConfig"
            )
        loaded[ours] = tensor
    model.load_state_dict(loaded)

"""Training a GPT: the loss on every position, the loop, the schedule, checkpoints (lesson 11).

    model = GPT(GPTConfig(vocab_size=len(tokenizer), context_length=64, d_model=128, n_heads=4, n_layers=4))
    history = train(model, loader, TrainConfig(steps=500), validation=validation_loader)

The same loop runs in one process and, under `torchrun`, in several, one GPU each or several on the CPU: PyTorch's
DistributedDataParallel averages the gradients, and each process takes its share of the rows of every batch.

    python -m llmlab.training --text toy-world --out run
    torchrun --nproc-per-node 2 -m llmlab.training --text toy-world --out run

What is not here: mixed precision beyond bfloat16 autocast on a GPU, sharded weights, hyper-parameter search.

Sources: Loshchilov and Hutter 2019 for AdamW, 2017 for the cosine schedule; Pascanu et al. 2013 for clipping; the
settings are those of GPT-3's smallest models (Brown et al. 2020, appendix B), scaled down.
"""

from typing import TYPE_CHECKING

from llmlab.training.config import CheckpointNotSaved, History, LossNotFinite, TrainConfig
from llmlab.training.documents import split_documents, split_text
from llmlab.training.measures import bits_per_byte, longest_copy
from llmlab.training.schedule import learning_rate_at
from llmlab.utils.lazy import lazily

if TYPE_CHECKING:
    from llmlab.training._checkpoints import load_checkpoint, save_checkpoint
    from llmlab.training.loop import train
    from llmlab.training.loss import IGNORED, evaluate, next_token_loss

__all__ = [
    "IGNORED",
    "CheckpointNotSaved",
    "History",
    "LossNotFinite",
    "TrainConfig",
    "bits_per_byte",
    "evaluate",
    "learning_rate_at",
    "load_checkpoint",
    "longest_copy",
    "next_token_loss",
    "save_checkpoint",
    "split_documents",
    "split_text",
    "train",
]

__getattr__, __dir__ = lazily(
    __name__,
    _checkpoints=["load_checkpoint", "save_checkpoint"],
    loop=["train"],
    loss=["IGNORED", "evaluate", "next_token_loss"],
)

"""From a model that continues to one that answers: chat template, masked loss, LoRA, scores, DPO's loss (lesson 15).

    model, tokenizer = add_special_tokens(*load_checkpoint())
    loader = chat_loader(pairs, tokenizer, generator=torch.Generator().manual_seed(0))
    train(model, loader, TrainConfig(steps=300))
    respond(model, tokenizer, ["where do the cows sleep?"])

The loop is that of `llmlab.training`; what is new are the batches, in which only answers are targets. `add_lora` before
`train` leaves the model's weights as they are and trains two small matrices beside each; `merge_lora` adds them up.

What is not here: packing of several chats into a row, adapters in files, a loop for preferences, a reward model.

Sources: Ouyang et al. 2022 for tuning on answers; Hu et al. 2021 for LoRA; Rafailov et al. 2023 for DPO; Wilson 1927
for the interval.
"""

from typing import TYPE_CHECKING

from llmlab.tuning.scores import exact_match, wilson_interval
from llmlab.utils.lazy import lazily

if TYPE_CHECKING:
    from llmlab.tuning.chat import ASSISTANT, CHAT_TOKENS, END, USER, add_special_tokens, answer_mask, chat_ids
    from llmlab.tuning.examples import chat_loader, respond
    from llmlab.tuning.lora import LoRALinear, add_lora, merge_lora, remove_lora, trained_parameters
    from llmlab.tuning.preferences import answer_log_probability, dpo_loss

__all__ = [
    "ASSISTANT",
    "CHAT_TOKENS",
    "END",
    "USER",
    "LoRALinear",
    "add_lora",
    "add_special_tokens",
    "answer_log_probability",
    "answer_mask",
    "chat_ids",
    "chat_loader",
    "dpo_loss",
    "exact_match",
    "merge_lora",
    "remove_lora",
    "respond",
    "trained_parameters",
    "wilson_interval",
]

__getattr__, __dir__ = lazily(
    __name__,
    chat=["ASSISTANT", "CHAT_TOKENS", "END", "USER", "add_special_tokens", "answer_mask", "chat_ids"],
    examples=["chat_loader", "respond"],
    lora=["LoRALinear", "add_lora", "merge_lora", "remove_lora", "trained_parameters"],
    preferences=["answer_log_probability", "dpo_loss"],
)

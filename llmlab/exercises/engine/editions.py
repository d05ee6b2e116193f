"""What the exercises of the first edition are called now.

Only those whose task is the same are here: an answer to any other would be judged by the wrong exercise.
"""

from __future__ import annotations

# The first edition's id -> the lesson of today and the module there.
FIRST = {
    "00.1": ("00", "what_comes_out"),
    "00.2": ("00", "passes_needed"),
    "00.3": ("10", "larger_batch"),
    "01.1": ("01", "tokenize"),
    "01.2": ("01", "vocabulary_or_corpus"),
    "01.3": ("01", "break_round_trip"),
    "01.4": ("01", "encode_tokens"),
    "01.6": ("01", "special_in_text"),
    "02.1": ("02", "count_pairs"),
    "02.2": ("02", "merge_pair"),
    "02.3": ("02", "who_wins_a_tie"),
    "02.4": ("02", "encode_by_rank"),
    "03.1": ("03", "trained_positions"),
    "03.2": ("03", "make_windows"),
    "03.3": ("03", "trained_tokens"),
    "03.4": ("03", "count_batches"),
    "03.5": ("03", "make_loader"),
    "03.6": ("03", "next_token_loss"),
    "04.1": ("04", "one_hot"),
    "04.2": ("04", "rows_that_move"),
    "04.3": ("04", "skip_gram_loss"),
    "04.4": ("04", "what_was_learned"),
    "04.5": ("05", "permutation_test"),
    "04.6": ("05", "embed_input"),
    "05.1": ("06", "softmax_bugs"),
    "05.3": ("06", "attend"),
    "05.4": ("06", "one_number_of_k"),
    "05.5": ("06", "previous_token_head"),
    "06.1": ("07", "causal_weights"),
    "06.2": ("07", "dropout_bug"),
    "06.3": ("08", "split_heads"),
    "06.4": ("08", "fused_columns"),
    "06.5": ("08", "whole_layer"),
    "06.6": ("07", "leaks"),
    "07.1": ("09", "layer_norm"),
    "07.2": ("09", "block_order"),
    "07.4": ("09", "first_loss"),
    "07.5": ("10", "parameter_budget"),
    "07.6": ("10", "twice_as_many_tokens"),
    "08.1": ("11", "batch_loss"),
    "08.2": ("11", "overfit_one_batch"),
    "08.3": ("11", "schedule"),
    "08.4": ("11", "validation_loss"),
    "08.5": ("11", "curve_bugs"),
    "08.6": ("00", "restart_and_run_all"),
    "09.1": ("12", "logits_to_probabilities"),
    "09.2": ("13", "tokens_that_pass"),
    "09.3": ("13", "cached_step"),
    "09.4": ("13", "cache_bytes"),
    "09.5": ("13", "online_softmax"),
}
# Exercises of the first edition whose task is no longer in the course, or changed.
GONE: frozenset[str] = frozenset({"01.5", "02.5", "02.6", "05.2", "07.3"})
